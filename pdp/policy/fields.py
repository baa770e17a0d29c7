"""Reading the keys of one mapping: each method gives a usable value, and notes a problem where the file has none.

A value that is wrong is replaced by a harmless one, so that the rest of the file can be read and all of its mistakes
are reported at once; a file with problems is never used.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, TypeVar

from pdp.policy.nodes import Items, Node, Refused, Scalar, Table, described, is_null, primitive, surprise
from pdp.policy.source import Source, plain
from pdp.types import JsonObject, Position

Choice = TypeVar("Choice", bound=Enum)

IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_CHOICES_SHOWN: Final = 12
_MOST_COMPARED: Final = 500
_EXAMPLES: Final = {
    "accept": "0.6",
    "actions": "[search_mail]",
    "agent": "mail-assistant",
    "agents": "[{id: mail-assistant, owner: mail-team, intents: [read-mail]}]",
    "days": "[mon, tue, wed, thu, fri]",
    "description": "What it is for.",
    "default": '{"accept": 0.6, "narrow": 0.5}',
    "effect": "deny",
    "encoder": '"sha256:..."',
    "exemplars": "[Show me my unread mail.]",
    "expect": "{effect: deny}",
    "format": "1",
    "id": "read-mail",
    "intents": "[read-mail]",
    "kind": "mailbox",
    "message": "Say why.",
    "name": '"*"',
    "narrow": "0.5",
    "owner": "mail-team@example.com",
    "param": "limit",
    "request": "{agent: ..., utterance: ..., target: {...}, action: {...}}",
    "rules": "[{id: ..., effect: deny, when: ..., message: ...}]",
    "start": '"08:00"',
    "targets": '[{kind: mailbox, name: "*"}]',
    "tests": "[{name: ..., request: {...}, expect: {...}}]",
    "timezone": "Europe/Berlin",
    "type": "approval",
    "until": '"18:00"',
    "when": "'...'",
}


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A fix that names the known word nearest to ``name``; failing that ``otherwise``, or what can be chosen."""
    options = sorted(set(known))
    near = difflib.get_close_matches(name.lower(), options, 1, 0.6) if len(options) <= _MOST_COMPARED else []
    if near:
        return f"did you mean {near[0]!r}?"
    if otherwise or not options:
        return otherwise or "there is none to choose from"
    more = "" if len(options) <= _MOST_CHOICES_SHOWN else f" and {len(options) - _MOST_CHOICES_SHOWN} more"
    return f"choose from {', '.join(options[:_MOST_CHOICES_SHOWN])}{more}"


def text_of(node: Node, source: Source, what: str, most: int) -> str | None:
    """The text of a scalar, 1 to ``most`` characters; ``None`` with a problem noted for anything else."""
    if isinstance(node, Refused):
        return None
    if not isinstance(node, Scalar) or not isinstance(primitive(node), str) or surprise(node):
        source.problem(node, f"{what} is {described(node)}, not text", _text_fix(node))
    elif not node.text.strip():
        source.problem(node, f"{what} is empty", "write it, or remove it")
    elif len(node.text) > most:
        source.problem(node, f"{what} has {len(node.text):,} characters, at most {most:,}", "shorten it")
    elif found := _CONTROL.search(node.text):
        source.problem(node, f"{what} holds the control character U+{ord(found[0]):04X}", "remove it")
    else:
        return node.text
    return None


def _text_fix(node: Node) -> str:
    if isinstance(node, Scalar) and node.text:
        return f"put it in quotes: {json.dumps(node.text)}"
    return "put text that holds ': ' in quotes" if isinstance(node, Table) else "write text"


class Fields:
    """The keys of one mapping. ``what`` names it in messages: ``the intent``; ``known`` are the keys it may have."""

    def __init__(self, node: Node | None, source: Source, what: str, known: Sequence[str]) -> None:
        self.node, self.source, self.what = node, source, what
        self._values: dict[str, Node] = {}
        if isinstance(node, Table):
            self._read(node, known)
        elif node is not None and not isinstance(node, Refused):
            source.problem(node, f"{what} is {described(node)}, not a mapping", f"write its keys: {', '.join(known)}")

    def _read(self, node: Table, known: Sequence[str]) -> None:
        for key, value in node.pairs:
            if key.text in known:
                self._values[key.text] = value
            elif not self.source.is_full:
                self.source.problem(key, f"{self.what} has no key {key.text!r}", nearest(key.text, known))

    @property
    def position(self) -> Position:
        """Where the mapping begins."""
        return self.source.position(self.node)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str) -> Node | None:
        """The node of ``key``, if given."""
        return self._values.get(key)

    def problem(self, key: str, message: str, fix: str) -> None:
        """Note a mistake at the value of ``key``, or at the mapping when it is not given."""
        self.source.problem(self._values.get(key) or self.node, message, fix)

    def needs(self, key: str) -> Node | None:
        """The node of ``key``; a problem when it is not there, or nothing is written behind it."""
        node = self._values.get(key)
        if node is None and isinstance(self.node, Table):
            self.source.problem(self.node, f"{self.what} lacks {key!r}", f"add {key}: {_EXAMPLES.get(key, '...')}")
        elif is_null(node):
            self.problem(key, f"{key!r} has no value", f"write {key}: {_EXAMPLES.get(key, '...')}")
            return None
        return node

    def given(self, key: str) -> Node | None:
        """The node of ``key``, which may be left out; a problem when nothing is written behind it."""
        node = self._values.get(key)
        if is_null(node):
            self.problem(key, f"{key!r} has no value", f"write {key}: {_EXAMPLES.get(key, '...')}, or remove the key")
            return None
        return node

    def text(self, key: str, default: str | None = None, *, most: int = 1000) -> str:
        """Text; required when ``default`` is ``None``."""
        node = self.needs(key) if default is None else self.given(key)
        found = text_of(node, self.source, repr(key), most) if node is not None else None
        return found if found is not None else default or ""

    def text_or_empty(self, key: str, *, most: int) -> str:
        """Text that may be left out, or be empty on purpose: ``""``."""
        node = self._values.get(key)
        return "" if isinstance(node, Scalar) and node.style and not node.text else self.text(key, "", most=most)

    def identifier(self, key: str, *, form: re.Pattern[str] = IDENTIFIER) -> str:
        """A required name that has the form of one."""
        name = self.text(key)
        if name and not form.fullmatch(name):
            fix = "begin with a letter, then letters, digits, '-', '_' and '.', at most 128"
            self.problem(key, f"{key!r} is {name[:60]!r}, which is no name", fix)
            return ""
        return name

    def texts(
        self, key: str, default: Sequence[str] | None = None, *, most: int, items: int, may_be_empty: bool = False
    ) -> tuple[Scalar, ...]:
        """A list of texts, as nodes; required when ``default`` is ``None``."""
        if key not in self._values and default is not None:
            return tuple(Scalar(t, '"', 0, 0, 0, 0) for t in default)
        nodes = self.items(key, most=items, required=default is None, may_be_empty=may_be_empty)
        good = (n for n in nodes if text_of(n, self.source, f"an entry of {key!r}", most) is not None)
        return tuple(n for n in good if isinstance(n, Scalar))

    def items(self, key: str, *, most: int, required: bool = False, may_be_empty: bool = False) -> tuple[Node, ...]:
        """The nodes of a list. An empty one is a mistake unless it says the same as none."""
        node = self.needs(key) if required else self.given(key)
        if node is None or isinstance(node, Refused):
            return ()
        if not isinstance(node, Items):
            fix = f"write {key}: [...], or each entry on a line of its own behind '- '"
            self.source.problem(node, f"{key!r} is {described(node)}, not a list", fix)
        elif not node.nodes and not may_be_empty:
            self.source.problem(
                node, f"{key!r} is empty", "add an entry" if required else "add an entry, or remove the key"
            )
        elif len(node.nodes) > most:
            self.source.problem(node, f"{key!r} has {len(node.nodes):,} entries, at most {most:,}", "split it")
        else:
            return node.nodes
        return ()

    def fields(self, key: str, what: str, known: Sequence[str], *, required: bool = False) -> Fields | None:
        """The mapping behind ``key``; ``None`` when it is not given."""
        node = self.needs(key) if required else self.given(key)
        return Fields(node, self.source, what, known) if node is not None else None

    def named(self, key: str) -> tuple[tuple[str, Node], ...]:
        """The entries of a mapping of names that rules can use: ``{office: ...}``."""
        node = self.given(key)
        if node is None or isinstance(node, Refused):
            return ()
        if not isinstance(node, Table):
            self.source.problem(
                node, f"{key!r} is {described(node)}, not a mapping of names", f"write {key}: {{a_name: ...}}"
            )
            return ()
        for name, _ in node.pairs:
            if not VARIABLE.fullmatch(name.text) or surprise(name) or not isinstance(primitive(name), str):
                fix = "use letters, digits and '_', not beginning with a digit, so that rules can name it"
                self.source.problem(name, f"{name.text[:60]!r} is no name for an entry of {key!r}", fix)
        return tuple((name.text, value) for name, value in node.pairs)

    def choice(self, key: str, options: type[Choice], default: Choice | None = None) -> Choice | None:
        """A value of an enumeration; ``None`` with a problem noted otherwise. Required without ``default``."""
        if default is not None and key not in self._values:
            return default
        found, words = self.text(key), {str(o.value): o for o in options}
        if found and found not in words:
            self.problem(key, f"{key!r} is {found[:60]!r}", nearest(found, words))
        return words.get(found)

    def number(self, key: str, default: float | None, least: float, most: float) -> float:
        """A finite number from ``least`` to ``most``; required when ``default`` is ``None``."""
        node = self.needs(key) if default is None else self.given(key)
        if node is None or isinstance(node, Refused):
            return least if default is None else default
        value = primitive(node) if isinstance(node, Scalar) and not surprise(node) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.source.problem(
                node,
                f"{key!r} is {described(node)}, not a number",
                f"write a number from {_shown(least)} to {_shown(most)}",
            )
        elif not least <= value <= most:
            self.source.problem(
                node, f"{key!r} is {_shown(value)}", f"write a number from {_shown(least)} to {_shown(most)}"
            )
        else:
            return value
        return least

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        value = self.number(key, default, least, most)
        if value != int(value):
            self.problem(key, f"{key!r} is {_shown(value)}, not a whole number", f"write {int(value)}")
        return int(value)

    def only_true(self, key: str) -> bool:
        """Whether ``key`` is given as ``true``, the only value it has."""
        node = self.given(key)
        if node is None or isinstance(node, Refused):
            return False
        if not isinstance(node, Scalar) or primitive(node) is not True:
            self.source.problem(node, f"{key!r} can only be true", "write true, or remove the key")
        return True

    def object(self, key: str) -> JsonObject:
        """A mapping as JSON; empty when not given."""
        node = self.given(key)
        if node is None or isinstance(node, Refused):
            return {}
        if not isinstance(node, Table):
            self.source.problem(node, f"{key!r} is {described(node)}, not a mapping", f"write {key}: {{name: value}}")
            return {}
        value = plain(node, self.source)
        return value if isinstance(value, Mapping) else {}


def demand_distinct(nodes: Collection[Scalar], what: str, source: Source) -> None:
    """Note a problem for each text that stands twice, whatever its case and spacing."""
    first: dict[str, Scalar] = {}
    for node in nodes:
        other = first.setdefault(folded(node.text), node)
        if other is not node:
            fix = f"remove one; the first is in line {other.line}"
            source.problem(node, f"“{shortened(node.text)}” stands twice in {what}", fix)


def _shown(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


def folded(text: str) -> str:
    """``text`` without differences of case and spacing."""
    return " ".join(text.casefold().split())


def shortened(text: str) -> str:
    """``text`` as far as a message has room for it."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def demand_known(nodes: Collection[Scalar], known: Collection[str], what: str, source: Source) -> None:
    """Note a problem for each text that is not one of ``known``."""
    for node in nodes:
        if node.text not in known and not source.is_full:
            source.problem(node, f"there is no {what} {node.text[:60]!r}", nearest(node.text, known))
