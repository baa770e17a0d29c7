"""From what the CEL compiler says to a problem that an author can mend: place, plain words, fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pdp.errors import Problem
from pdp.policy.model import Rule
from pdp.policy.scrutiny import Finding, did_you_mean

_ERROR: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_UNDEFINED: Final = re.compile(r"undefined field '([^']*)' not found in struct 'pdp\.v1\.cel\.(\w+)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_NESTING: Final = re.compile(r"recursion (?:limit|depth)")
_OPERATORS: Final = re.compile(r"^@?_?([^\w\s]+|in)_?$")
_TYPE: Final = re.compile(r"\w+")
_FOLLOW_UPS: Final = ("'*error*'", "cannot be the range of a comprehension")
_FUNCTIONS: Final = frozenset(
    "all exists exists_one map filter has size contains startsWith endsWith matches int uint double string bytes type "
    "dyn timestamp duration getHours getMinutes getDayOfWeek getFullYear getMonth getDate".split()
)
SEE: Final = "docs/rules.md lists what a rule may name"


def place(rule: Rule, line: int, column: int) -> tuple[int, int]:
    """Where line and column (from 1) of a rule's text stand in its file."""
    start = rule.when_position
    if not rule.when_runs:
        return start.line + line - 1, start.column + column - 1
    before = rule.when.split("\n")[: line - 1]
    found = rule.place(sum(len(b) + 1 for b in before) + column - 1)
    return found.line, found.column


def from_offset(rule: Rule, finding: Finding) -> Problem:
    """The problem for a finding at an offset into the rule's text."""
    before = rule.when[: finding.offset]
    line, column = before.count("\n") + 1, finding.offset - (before.rfind("\n") + 1) + 1
    return Problem(
        rule.when_position.file, *place(rule, line, column), f"rule {rule.id}: {finding.message}", finding.fix
    )


def from_compiler(rule: Rule, text: str, names: Iterable[str]) -> tuple[Problem, ...]:
    """What the compiler said about ``rule``, as problems. ``names``: every variable and field that a rule may name."""
    known = frozenset(names)
    problems = tuple(_problems(rule, text, known))
    if problems:
        return problems
    line, column = place(rule, 1, 1)
    if _NESTING.search(text):
        message, fix = "nests too deeply", "split it into several rules"
    else:
        message, fix = f"does not compile: {text.splitlines()[0][:200] if text else 'unknown error'}", SEE
    return (Problem(rule.when_position.file, line, column, f"rule {rule.id}: {message}", fix),)


def _problems(rule: Rule, text: str, names: frozenset[str]) -> Iterator[Problem]:
    found = [(int(a), int(b), said.strip()) for a, b, said in _ERROR.findall(text)]
    real = [e for e in found if not any(f in e[2] for f in _FOLLOW_UPS)] or found
    # After a syntax error the parser is guessing, so only the first one is worth reading.
    for line, column, said in real[:1] if "Syntax error" in text else real:
        if line < 1 or _NESTING.search(said):
            continue
        message, fix = explain(said.removesuffix(" [INVALID_ARGUMENT]"), names)
        where = place(rule, line, column - _before_last_dot(said))
        yield Problem(rule.when_position.file, *where, f"rule {rule.id}: {message}", fix)


def _before_last_dot(said: str) -> int:
    """How far the compiler's place for an unknown name lies behind the name: it points at the last dot."""
    found = _UNDECLARED.search(said)
    return len(found[1].rpartition(".")[0]) if found else 0


def explain(said: str, names: frozenset[str]) -> tuple[str, str]:
    """Message and fix for one error of the compiler."""
    if found := _UNDEFINED.search(said):
        field, root = found[1], found[2].lower()
        fields = sorted(n.split(".")[1] for n in names if n.startswith(f"{root}."))
        return f"{root} has no field {field}", did_you_mean(field, fields, f"{root} has {', '.join(fields)}")
    if found := _UNDECLARED.search(said):
        return _undeclared(found[1], names)
    if found := _OVERLOAD.search(said):
        return _overload(found[1], found[2].replace("pdp.v1.cel.", ""))
    if "Syntax error" in said:
        return _syntax(said)
    return said, SEE


def _undeclared(name: str, names: frozenset[str]) -> tuple[str, str]:
    if name.startswith("facts."):
        # The longest known beginning decides: below a fact comes the name of a param.
        name = ".".join(name.split(".")[:2])
    if "." not in name and name not in {n.split(".")[0] for n in names}:
        known = _FUNCTIONS | {n.split(".")[0] for n in names}
        return f"{name} is neither a variable nor a function", did_you_mean(name, known, SEE)
    head = ".".join(name.split(".")[:2])
    return f"there is no {head}", did_you_mean(head, names, SEE)


def _overload(function: str, types: str) -> tuple[str, str]:
    operator = _OPERATORS.match(function)
    sign = {"_?_:_": "? :", "_[_]": "[ ]"}.get(function, operator[1] if operator else function)
    return f"{sign} does not take ({types})", _overload_fix(sign, frozenset(_TYPE.findall(types)))


def _overload_fix(sign: str, types: frozenset[str]) -> str:
    if {"int", "double"} <= types:
        return "write the whole number with .0, such as 1.0, or turn it into one with double(...)"
    if sign in {"&&", "||", "!", "? :"}:
        return "both sides must be conditions; compare the value with something first"
    if sign in {"==", "!=", "<", "<=", ">", ">=", "in"}:
        return "compare values of one type; strings stand in quotes"
    return SEE


def _syntax(said: str) -> tuple[str, str]:
    if "'<EOF>'" in said:
        return "ends too early", "close every bracket and complete the last comparison"
    said = said.partition(" expecting {")[0].replace("Syntax error: ", "").replace("<EOF>", "the end")
    fixes = {
        "'and'": "write && for and",
        "'or'": "write || for or",
        "'not'": "write ! for not",
        "'= ": "write == to compare",
    }
    fix = next((f for word, f in fixes.items() if word in said), "close every bracket and quote; " + SEE)
    return f"is not CEL: {said}", fix
