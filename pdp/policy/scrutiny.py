"""What the CEL checker lets pass in a rule and yet cannot be meant; found when the bundle is loaded."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pdp.policy import cost
from pdp.policy.expression import Call, Field, Items, Kind, Literal, Loop, Name, Node, children, walk
from pdp.policy.model import Settings
from pdp.policy.references import References, path_of
from pdp.policy.vocabulary import MESSAGES, ROOTS, WORDS, Path, spelt

_ARITHMETIC = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%"}
_NETWORK_FACTS = frozenset({"networks", "touched_networks", "all_networks"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake at ``offset`` code points into the rule's text."""

    offset: int
    message: str
    fix: str


RegexError = Callable[[str], str]
"""What is wrong with a regular expression (RE2), empty when nothing is."""


def examine(root: Node, references: References, settings: Settings, regex_error: RegexError) -> tuple[Finding, ...]:
    """Every mistake in a rule that compiled."""
    found = [
        *_limits(root, settings),
        *(f for n in walk(root) for f in _node(n, regex_error, settings)),
        *_whole_messages(root),
        *(f for path, offset in references.read.items() for f in _path(path, offset, settings)),
    ]
    return tuple(sorted(found, key=lambda f: f.offset))


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A fix that names the nearest known word, or says ``otherwise``. Dotted names share their beginnings."""
    near = difflib.get_close_matches(word, sorted(known), 1, 0.75 if "." in word else 0.6)
    return f"did you mean {near[0]}?" if near else otherwise


def _limits(root: Node, settings: Settings) -> Iterator[Finding]:
    nested, loops = cost.depth(root), cost.nested_loops(root)
    if nested > cost.MOST_DEPTH:
        yield Finding(0, f"nests {nested} deep, at most {cost.MOST_DEPTH}", "split it into several rules")
    if loops > cost.MOST_NESTED_LOOPS:
        fix = "use a fact such as facts.all_emails, or split the rule"
        yield Finding(0, f"loops nest {loops} deep, at most {cost.MOST_NESTED_LOOPS}", fix)
        return
    steps = cost.steps(root, settings.constants)
    if steps > cost.MOST_STEPS:
        fix = "loop over a fact or a constant instead of request values, or move work out of the loop"
        yield Finding(0, f"may take {steps:,} steps, at most {cost.MOST_STEPS:,}", fix)


def _node(node: Node, regex_error: RegexError, settings: Settings) -> Iterator[Finding]:
    match node:
        case Loop(variable=variable) if variable in ROOTS:
            yield Finding(
                node.offset, f"the loop variable {variable} hides the variable of that name", "give it another name"
            )
        case Items(message=message) if message:
            yield Finding(node.offset, f"builds a {message}", "compare single fields instead")
        case Name(name=name) if name.split(".")[0] in {"pdp", "google"}:
            yield Finding(node.offset, f"{name} is a type, not a value", "compare single fields instead")
        case Call(function=function, arguments=(left, right)) if function in _ARITHMETIC:
            yield from _arithmetic(node.offset, function, left, right)
        case Call(function="matches", arguments=(_, pattern)):
            yield from _pattern(pattern, regex_error, settings)
        case Call(function="_==_" | "_!=_", arguments=(left, right)):
            yield from _word(left, right)
            yield from _word(right, left)
        case Call(function="@in", arguments=(Literal(value=str(name), offset=offset), container)):
            yield from _network(name, offset, container, settings)
        case _:
            pass


def _arithmetic(offset: int, function: str, left: Node, right: Node) -> Iterator[Finding]:
    kinds = {left.kind, right.kind}
    if Kind.DYN not in kinds:
        return
    if function == "_%_":
        yield Finding(offset, "% needs whole numbers, and numbers in a request are doubles", "write int(...) % 2")
    elif kinds & {Kind.INT, Kind.UINT}:
        sign = _ARITHMETIC[function]
        yield Finding(
            offset,
            f"{sign} joins a double from the request with a whole number",
            "write the number with .0, such as 2.0",
        )


def _pattern(pattern: Node, regex_error: RegexError, settings: Settings) -> Iterator[Finding]:
    text = pattern.value if isinstance(pattern, Literal) else _constant(path_of(pattern), settings.constants)
    if not isinstance(text, str):
        fix = "write the pattern in the rule or in constants"
        yield Finding(pattern.offset, "the pattern of matches() is only known when the rule runs", fix)
        return
    wrong = regex_error(text)
    if wrong:
        yield Finding(pattern.offset, f"{text!r} is not a regular expression: {wrong}", "see the RE2 syntax")


def _word(variable: Node, literal: Node) -> Iterator[Finding]:
    path = path_of(variable)
    if path is None or path not in WORDS or not isinstance(literal, Literal) or not isinstance(literal.value, str):
        return
    known = WORDS[path] | ({""} if path == ("payload", "kind") else set())
    if literal.value not in known:
        fix = did_you_mean(literal.value, known, f"it is one of {', '.join(sorted(WORDS[path]))}")
        yield Finding(literal.offset, f"{spelt(path)} is never {literal.value!r}", fix)


def _network(name: str, offset: int, container: Node, settings: Settings) -> Iterator[Finding]:
    path = path_of(container) or ()
    if path[:1] != ("facts",) or path[1] not in _NETWORK_FACTS or name in settings.networks:
        return
    is_param_of_map = len(path) == 2 and path[1] != "all_networks"
    if not is_param_of_map:
        fix = did_you_mean(name, settings.networks, "name it under networks in bundle.yaml")
        yield Finding(offset, f"no network is called {name!r}", fix)


def _whole_messages(root: Node) -> Iterator[Finding]:
    below = [(c, n) for n in walk(root) for c in children(n)]
    for node, parent in [(root, None), *below]:
        if isinstance(node, Name) and node.name in MESSAGES and not isinstance(parent, Field):
            yield Finding(
                node.offset, f"{node.name} is not a value by itself", f"name one of its fields, such as {node.name}.id"
            )


def _path(path: Path, offset: int, settings: Settings) -> Iterator[Finding]:
    if path[:2] == ("facts", "windows") and len(path) > 2 and path[2] not in settings.windows:
        fix = did_you_mean(path[2], settings.windows, "name it under windows in bundle.yaml")
        yield Finding(offset, f"no time window is called {path[2]!r}", fix)
    if path[0] == "constants" and len(path) > 2 and not _has(settings.constants, path[1:]):
        yield Finding(offset, f"{spelt(path)} is not in bundle.yaml", "add it under constants, or mend the name")


def _has(value: object, path: Path) -> bool:
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True


def _constant(path: Path | None, constants: object) -> object:
    if path is None or path[0] != "constants":
        return None
    for key in path[1:]:
        constants = constants.get(key) if isinstance(constants, Mapping) else None
    return constants
