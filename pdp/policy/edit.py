"""Adding and removing exemplars in a bundle's own YAML: one entry changes, and not a byte besides.

An edit is checked before it is written: the new text is parsed, and besides the entry it must say what the old one did.
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pdp.errors import BundleError, InvalidRequest, NotFound
from pdp.policy import files
from pdp.policy.fields import folded, nearest
from pdp.policy.nodes import Items, Node, Scalar, Table, primitive, surprise
from pdp.policy.parse_intent import MOST_EXEMPLAR
from pdp.policy.source import Source, parse
from pdp.policy.splice import Unforeseen, entries, with_entry, without_entry
from pdp.types import Position

EXEMPLARS, COUNTER_EXEMPLARS = "exemplars", "counter_exemplars"
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})

_Meaning = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Document:
    """The file of one intent."""

    name: str
    path: Path
    text: str
    root: Table


def add_exemplar(directory: Path, intent: str, text: str, *, counter: bool = False) -> Position:
    """Append ``text`` to the exemplars (or counter-exemplars) of ``intent``; the place of the new entry.

    Raises ``NotFound`` for an unknown intent, ``InvalidRequest`` for a text that is no exemplar or known already,
    ``BundleError`` when files cannot be read as a bundle, ``OSError`` when the file cannot be written. The file is
    replaced in one step or not at all.
    """
    text = _acceptable(text)
    document = _find(directory, intent)
    for key in (EXEMPLARS, COUNTER_EXEMPLARS):
        twin = _entry(document.root, key, text)
        if twin:
            place = Position(document.name, twin.line, twin.column)
            raise InvalidRequest("text", f"is already one of the {key} of {intent}, at {place}")
    key = COUNTER_EXEMPLARS if counter else EXEMPLARS
    wanted = _changed(document.root, key, lambda old: [*old, _text(text)], EXEMPLARS)
    root = _replace(document, lambda: with_entry(document.text, document.root, key, text, EXEMPLARS), wanted)
    added = list(entries(root, key))[-1]
    return Position(document.name, added.line, added.column)


def remove_exemplar(directory: Path, intent: str, text: str, *, counter: bool = False) -> Position:
    """Remove ``text`` from the exemplars (or counter-exemplars) of ``intent``; the place where it stood.

    Raises what ``add_exemplar`` does, ``NotFound`` for an unknown text also. The last exemplar cannot be removed.
    """
    document = _find(directory, intent)
    key = COUNTER_EXEMPLARS if counter else EXEMPLARS
    there = list(entries(document.root, key))
    found = _entry(document.root, key, text)
    if found is None:
        raise NotFound(f"{intent} has no such entry in {key}; {nearest(text, [e.text for e in there], 'see its file')}")
    if len(there) == 1 and not counter:
        raise InvalidRequest("text", f"is the only exemplar of {intent}; add another one first")
    place = there.index(found)
    wanted = _changed(document.root, key, lambda old: [*old[:place], *old[place + 1 :]], EXEMPLARS)
    _replace(document, lambda: without_entry(document.text, document.root, key, place), wanted)
    return Position(document.name, found.line, found.column)


def _acceptable(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= MOST_EXEMPLAR:
        raise InvalidRequest("text", f"has {len(text):,} characters; write 1 to {MOST_EXEMPLAR:,}")
    strange = next((c for c in text if unicodedata.category(c) in _UNPRINTABLE or c == "\ufeff"), "")
    if strange:
        raise InvalidRequest("text", f"holds the character U+{ord(strange):04X}; write plain text in one line")
    return text


def _find(directory: Path, intent: str) -> _Document:
    contents = files.read(directory)
    known: list[str] = []
    broken: list[Source] = []
    for file in contents.files:
        if not file.name.startswith("intents/"):
            continue
        source = Source(file.name)
        root = parse(file.data, source)
        name = root.get("id") if isinstance(root, Table) else None
        if isinstance(root, Table) and isinstance(name, Scalar) and name.text == intent and not source.problems:
            return _Document(file.name, directory / file.name, source.text, root)
        if source.problems:
            broken.append(source)
        elif isinstance(name, Scalar):
            known.append(name.text)
    problems = [*contents.problems, *(p for s in broken for p in s.problems)]
    if problems:
        raise BundleError(tuple(sorted(problems)))
    raise NotFound(f"the bundle has no intent {intent!r}; {nearest(intent, known)}")


def _entry(root: Table, key: str, text: str) -> Scalar | None:
    wanted = folded(text)
    return next((e for e in entries(root, key) if folded(e.text) == wanted), None)


def _replace(document: _Document, change: Callable[[], str], wanted: _Meaning) -> Table:
    """Write the changed text when it means what is ``wanted``; the root of what was written."""
    source = Source(document.name)
    try:
        changed = change().encode()
        root = parse(changed, source)
    except Unforeseen:
        root = None
    if not isinstance(root, Table) or source.problems or _meaning(root) != wanted:
        fix = "it is written in an unusual way; edit it by hand"
        raise InvalidRequest("intent", f"{document.name} cannot be changed safely: {fix}")
    _write(document.path, changed)
    return root


def _meaning(node: Node) -> _Meaning:
    """What ``node`` says, however it is written: two nodes with the same meaning load alike."""
    if isinstance(node, Table):
        return ("mapping", *((key.text, _meaning(value)) for key, value in node.pairs))
    if isinstance(node, Items):
        return ("list", *map(_meaning, node.nodes))
    if isinstance(node, Scalar):
        is_text = isinstance(primitive(node), str) and not surprise(node)
        return _text(node.text) if is_text else ("plain", node.text)
    return ("refused",)


def _text(text: str) -> _Meaning:
    return ("text", text)


def _changed(root: Table, key: str, change: Callable[[list[object]], list[object]], after: str) -> _Meaning:
    """The meaning of ``root`` with another list ``key``: made behind ``after`` if new, gone if empty."""
    node = root.get(key)
    entries_now = change([_meaning(n) for n in node.nodes] if isinstance(node, Items) else [])
    pair = [(key, ("list", *entries_now))] if entries_now else []
    pairs: list[object] = []
    for name, value in root.pairs:
        pairs += pair if name.text == key else [(name.text, _meaning(value))]
        if name.text == after and node is None:
            pairs += pair
    return ("mapping", *pairs)


def _write(path: Path, data: bytes) -> None:
    """Replace the file in one step; behind a link the file itself is replaced, and the link stays."""
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
