"""CEL rules: compiled once with a bundle, evaluated for every request. The only importer of the CEL library.

Rules are checked against the message types of ``protos/pdp/v1/cel.proto`` when they are compiled, and run over plain
maps of the same shape, which are cheaper to build for every request than messages.

A rule fails, and with it the request, whatever the rule's effect:

- ``ATTRIBUTE_MISSING`` before it runs, when it reads an attribute that the request lacks (``pdp.policy.references``);
- ``RULE_ERROR`` when a value it reads cannot be told, the evaluation gives an error, or the runtime stops it;
- ``RULE_NOT_BOOLEAN`` when it gives anything but true or false.

An error inside ``&&``, ``||``, ``all`` or ``exists`` is not the rule's error where the other operands settle the
answer, as CEL defines it: such an answer does not depend on the part that failed. Absence is never settled that way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from cel_expr_python import cel
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from pdp.errors import BundleError, Problem
from pdp.policy import mistakes, scrutiny
from pdp.policy.cost import MOST_RULE_CHARACTERS
from pdp.policy.expression import decode
from pdp.policy.facts import FACTS, FactType, Needed
from pdp.policy.model import Rule, Settings
from pdp.policy.references import Requirement, find
from pdp.policy.variables import Plan, RuleContext, Values, Variables, plan, unmet, value_at
from pdp.policy.vocabulary import MESSAGES, ROOTS, Path, grain, spelt
from pdp.types import Json, JsonObject, ReasonCode
from pdp.v1 import cel_pb2

__all__ = ["Given", "RuleContext", "RuleOutcome", "RuleSet", "digest_of", "problems"]

_T: Final = cel.Type
_JSON: Final = _T.Map(_T.STRING, _T.DYN)
_STRINGS: Final = _T.List(_T.STRING)
_FACT_TYPES: Final = {
    FactType.NUMBER: _T.INT,
    FactType.STRINGS: _STRINGS,
    FactType.FLAGS: _T.Map(_T.STRING, _T.BOOL),
    FactType.STRINGS_BY_PARAM: _T.Map(_T.STRING, _STRINGS),
}
_RUN: Final = cel.NewEnv(variables=dict.fromkeys(ROOTS, _JSON))
_SHOWN_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule's answer. ``code`` is ``None`` when ``result`` is an answer, else ``error`` says what is wrong."""

    rule: Rule
    result: bool | None
    code: ReasonCode | None = None
    error: str = ""
    _read: tuple[Path, ...] = field(default=(), repr=False)
    _variables: Values = field(default_factory=dict, repr=False, compare=False)

    @property
    def values(self) -> JsonObject:
        """What the rule read, by the name it has in the rule; what was absent is left out."""
        found: dict[str, Json] = {}
        for path in self._read:
            try:
                found[spelt(path)] = value_at(path, self._variables)
            except (KeyError, TypeError):
                continue
        return found


class Given(NamedTuple):
    """What a rule gave: ``result``, else the ``code`` of what was wrong, and the ``error``."""

    result: bool | None
    code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Program:
    """One rule text, compiled. ``grains``: the pieces of a request that it reads; ``read``: the same in full."""

    expression: cel.Expression
    required: frozenset[Requirement]
    grains: frozenset[Path]
    read: tuple[Path, ...]


_TEXTUAL: Final = frozenset({("request", "utterance"), ("facts", "words")})
_DIGEST_CHARACTERS: Final = 16


class RuleSet:
    """Compiled rules. Immutable and safe to use from several threads at once."""

    def __init__(self, rules: Sequence[Rule], programs: Mapping[str, _Program], settings: Settings) -> None:
        self._settings = settings
        self._programs = programs
        self._pairs = tuple((r, programs[r.when]) for r in rules)
        mine = [p for _, p in self._pairs]
        self._asking: RuleSet | None = None
        self._textual = tuple((r, p) for r, p in self._pairs if not _TEXTUAL.isdisjoint(p.grains))
        self._plan: Plan = plan({path for p in mine for path in p.read}, settings.constants)
        self._required = frozenset(r for p in mine for r in p.required)

    @classmethod
    def compile(cls, rules: Sequence[Rule], settings: Settings) -> RuleSet:
        """Compile ``rules``. Raises ``BundleError`` with every mistake found in them."""
        programs, found = _compile_all(rules, settings)
        if found:
            raise BundleError(found)
        return cls(rules, programs, settings)

    def only(self, rules: Sequence[Rule]) -> RuleSet:
        """A set of some of these rules, in the order given, sharing what is compiled."""
        return RuleSet(rules, self._programs, self._settings)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in order."""
        return tuple(r for r, _ in self._pairs)

    @property
    def facts(self) -> Needed:
        """The facts that these rules read, as ``pdp.policy.facts.compute`` takes them."""
        return self._plan.facts

    @property
    def textual(self) -> tuple[Rule, ...]:
        """The rules that read the utterance itself: what they gave is all that a record without it can keep."""
        return tuple(r for r, _ in self._textual)

    def ask_textual(self, context: RuleContext) -> Mapping[str, Given]:
        """What ``textual`` rules give, by the digest of their condition."""
        if not self._textual:
            return {}
        if self._asking is None:
            self._asking = self.only(self.textual)
        found = self._asking.evaluate(context)
        return {digest_of(o.rule): Given(o.result, o.code.value if o.code else "", o.error) for o in found}

    def variables(self, context: RuleContext) -> Variables:
        """What these rules see of one request."""
        return self._plan.variables(context)

    def evaluate(self, context: RuleContext, given: Mapping[str, Given] | None = None) -> tuple[RuleOutcome, ...]:
        """Evaluate every rule, shadow rules too, in order. Never raises: what goes wrong is an outcome.

        ``given``: what textual rules gave before, where the utterance is not there any more (``ask_textual``).
        """
        try:
            seen = self._plan.variables(context)
            lacking = unmet(self._required, seen.values)
            activation = _RUN.Activation(seen.values)
        except Exception as error:  # noqa: BLE001  (whatever a request holds, its rules must fail rather than not run)
            return tuple(
                RuleOutcome(r, None, ReasonCode.RULE_ERROR, f"variables: {_shown(error)}") for r, _ in self._pairs
            )
        if given:
            return tuple(
                _given(r, given[digest_of(r)]) if digest_of(r) in given else _evaluate(r, p, seen, lacking, activation)
                for r, p in self._pairs
            )
        return tuple(_evaluate(rule, program, seen, lacking, activation) for rule, program in self._pairs)


def digest_of(rule: Rule) -> str:
    """A short name of a rule's condition."""
    return hashlib.sha256(rule.when.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def _given(rule: Rule, given: Given) -> RuleOutcome:
    return RuleOutcome(rule, given.result, ReasonCode(given.code) if given.code else None, given.error)


def problems(rules: Sequence[Rule], settings: Settings) -> tuple[Problem, ...]:
    """Every mistake in ``rules``, with its place and a fix; empty when all of them compile."""
    return _compile_all(rules, settings)[1]


def _evaluate(
    rule: Rule, program: _Program, seen: Variables, lacking: frozenset[Requirement], activation: cel.Activation
) -> RuleOutcome:
    values, read = seen.values, program.read
    if seen.unreadable:
        reasons = [seen.unreadable[g] for g in sorted(program.grains & seen.unreadable.keys())]
        reasons += [
            text for path, text in sorted(seen.unreadable.items()) if _within_unreadable_map(path, program.grains)
        ]
        if reasons:
            return RuleOutcome(rule, None, ReasonCode.RULE_ERROR, reasons[0], read, values)
    if lacking and (missing := sorted(r.path for r in program.required & lacking)):
        return RuleOutcome(
            rule, None, ReasonCode.ATTRIBUTE_MISSING, f"the request has no {spelt(missing[0])}", read, values
        )
    try:
        answer = program.expression.eval(activation)
        result = answer.value()
        if result is True or result is False:
            return RuleOutcome(rule, result, None, "", read, values)
        failed = answer.type() == _T.ERROR
    except Exception as error:  # noqa: BLE001  (the runtime reports a spent budget or bad text as various exceptions)
        return RuleOutcome(rule, None, ReasonCode.RULE_ERROR, _shown(error), read, values)
    if failed:
        return RuleOutcome(rule, None, ReasonCode.RULE_ERROR, _shown(result), read, values)
    text = f"the rule gave {_shown(repr(result))}, which is neither true nor false"
    return RuleOutcome(rule, None, ReasonCode.RULE_NOT_BOOLEAN, text, read, values)


def _within_unreadable_map(path: Path, grains: frozenset[Path]) -> bool:
    """Whether a rule reads below a map that could not be read, or the whole of a map that holds an unreadable value."""
    return any(g != path and (g[: len(path)] == path or path[: len(g)] == g) for g in grains)


def _shown(said: object) -> str:
    text = str(said)
    if "Iteration budget exceeded" in text:
        return "its loops took more than 10,000 turns, where the runtime stops"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _compile_all(rules: Sequence[Rule], settings: Settings) -> tuple[dict[str, _Program], tuple[Problem, ...]]:
    told = repr(settings)  # not ==, to which 1 and true are the same constant
    known = _LATEST.programs_of(told)
    programs: dict[str, _Program] = {}
    found: list[Problem] = []
    compiler: _Compiler | None = None
    for rule in rules:
        if rule.when in programs:
            continue
        program: _Program | tuple[Problem, ...] | None = known.get(rule.when)
        if program is None:
            compiler = compiler or _Compiler(settings)
            program = compiler.compile(rule)
        if isinstance(program, _Program):
            programs[rule.when] = program
        else:
            found.extend(program)
    _LATEST.keep(told, programs)
    return programs, tuple(sorted(found))


class _Latest:
    """What was compiled last: a reload compiles only the rules that it changes. A pair, so that any thread may swap it.

    A program depends on nothing but its text and the settings.
    """

    def __init__(self) -> None:
        self._pair: tuple[str, Mapping[str, _Program]] = ("", {})

    def programs_of(self, settings: str) -> Mapping[str, _Program]:
        """The programs, by their texts, if they were compiled for these ``settings``."""
        told, programs = self._pair
        return programs if told == settings else {}

    def keep(self, settings: str, programs: Mapping[str, _Program]) -> None:
        """These take the place of those before."""
        self._pair = (settings, programs)


_LATEST: Final = _Latest()


class _Compiler:
    """Compiles the rules of one bundle, whose constants are variables of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._check = cel.NewEnv(descriptor_pool.Default(), variables=_declarations(settings.constants))
        self._names = _names(settings.constants)

    def compile(self, rule: Rule) -> _Program | tuple[Problem, ...]:
        """The program of one rule, or what is wrong with it."""
        if len(rule.when) > MOST_RULE_CHARACTERS:
            message = f"has {len(rule.when):,} characters, at most {MOST_RULE_CHARACTERS:,}"
            return self._wrong(rule, message, "split it into several rules")
        if not rule.when.strip():
            return self._wrong(rule, "is empty", "write a condition, such as true")
        try:
            checked = self._check.compile(rule.when)
            # Checked above, against the real types; the checker refuses `.all` over an element of a dynamic map.
            expression = _RUN.compile(rule.when, disable_check=True)
            tree = decode(checked.serialize())
        except (RuntimeError, TypeError, ValueError, DecodeError, RecursionError) as error:
            return mistakes.from_compiler(rule, str(error), self._names)
        if checked.return_type() not in (_T.BOOL, _T.DYN):
            given = checked.return_type().name()
            return self._wrong(rule, f"gives {given}, not true or false", "compare the value with something")
        references = find(tree)
        found = scrutiny.examine(tree, references, self._settings, _regex_error)
        if found:
            return tuple(mistakes.from_offset(rule, f) for f in found)
        read = tuple(sorted(references.read))
        return _Program(expression, references.required, frozenset(map(grain, read)), read)

    @staticmethod
    def _wrong(rule: Rule, message: str, fix: str) -> tuple[Problem, ...]:
        return (mistakes.from_offset(rule, scrutiny.Finding(0, message, fix)),)


def _declarations(constants: JsonObject) -> dict[str, cel.Type]:
    return {
        **{root: _T(f"pdp.v1.cel.{message}") for root, message in MESSAGES.items()},
        **{f"facts.{name}": _FACT_TYPES[fact.type] for name, fact in FACTS.items()},
        **{f"constants.{name}": _type_of(value) for name, value in constants.items()},
    }


def _names(constants: JsonObject) -> frozenset[str]:
    messages = cel_pb2.DESCRIPTOR.message_types_by_name
    fields = {f"{root}.{f.name}" for root, message in MESSAGES.items() for f in messages[message].fields}
    return frozenset(fields | {f"facts.{f}" for f in FACTS} | {f"constants.{c}" for c in constants})


def _type_of(value: Json) -> cel.Type:
    """The CEL type of a constant; what holds values of several types holds ``dyn``."""
    if isinstance(value, Mapping):
        return _T.Map(_T.STRING, _common(value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _T.List(_common(value))
    scalars: dict[type, cel.Type] = {bool: _T.BOOL, int: _T.INT, float: _T.DOUBLE, str: _T.STRING}
    return scalars.get(type(value), _T.DYN)


def _common(values: Iterable[Json]) -> cel.Type:
    types: list[Any] = [_type_of(v) for v in values]
    return types[0] if types and all(t == types[0] for t in types) else _T.DYN


def _regex_error(pattern: str) -> str:
    answer = _RUN.compile('"".matches(constants.pattern)').eval(data={"constants": {"pattern": pattern}})
    return "" if answer.type() == _T.BOOL else str(answer.value()).rpartition("expression: ")[2]
