"""A bundle: loaded whole, validated whole, or refused with every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pdp.errors import BundleError, Problem
from pdp.policy.admission import compile_pattern
from pdp.policy.files import digest, read_files
from pdp.policy.model import AgentEntry, Bundle, Case, Intent, Rule, Settings
from pdp.policy.parse_cases import parse_cases
from pdp.policy.parse_intent import parse_agents, parse_intent
from pdp.policy.parse_rules import parse_rule
from pdp.policy.parse_settings import Header, parse_calibration, parse_header
from pdp.policy.source import Fields, Source, nearest, parse
from pdp.types import CalibrationData, Position, Thresholds

CheckRules = Callable[[Sequence[Rule], Settings], Sequence[Problem]]


@dataclass(slots=True)
class Draft:
    """A bundle while it is read."""

    header: Header = field(default_factory=Header)
    intents: list[Intent] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    agents: list[AgentEntry] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    calibration: CalibrationData = field(default_factory=lambda: CalibrationData("", Thresholds(1.0, 1.0)))
    problems: list[Problem] = field(default_factory=list)


def load(directory: Path, check_rules: CheckRules | None = None) -> Bundle:
    """Read and validate the bundle in ``directory``. ``check_rules`` compiles every rule and says what is wrong.

    Raises ``BundleError`` with every problem found, each with file, line, column and a fix.
    """
    files = read_files(directory)
    draft = Draft()
    for name, data in files.items():
        _read(name, data, draft)
    draft.problems += _cross_checks(draft)
    if check_rules is not None:
        draft.problems += check_rules([*draft.rules, *(r for i in draft.intents for r in i.rules)], draft.header.settings)
    if draft.problems:
        raise BundleError(tuple(sorted(dict.fromkeys(draft.problems))))
    return Bundle(
        name=draft.header.name,
        description=draft.header.description,
        owner=draft.header.owner,
        revision=digest(files),
        path=str(directory),
        intents=tuple(draft.intents),
        rules=tuple(draft.rules),
        agents=tuple(draft.agents),
        calibration=draft.calibration,
        cases=tuple(draft.cases),
        settings=draft.header.settings,
    )


def revision(directory: Path) -> str:
    """The content digest of the files in ``directory`` as they are now. Raises ``BundleError`` when they cannot be read."""
    return digest(read_files(directory))


def _read(name: str, data: bytes, draft: Draft) -> None:
    source = Source(name, draft.problems)
    if name == "calibration.json":
        draft.calibration = parse_calibration(data, source)
        return
    root = parse(data, source)
    if root is None:
        return
    if name == "bundle.yaml":
        draft.header = parse_header(root, source)
    elif name == "agents.yaml":
        draft.agents += parse_agents(root, source)
    elif name.startswith("intents/"):
        draft.intents.append(parse_intent(root, source))
    elif name.startswith("rules/"):
        draft.rules += _rules(root, source)
    else:
        draft.cases += parse_cases(root, source)


def _rules(root: yaml.Node, source: Source) -> list[Rule]:
    fields = Fields(root, source, "a rules file", frozenset({"rules"}))
    if "rules" not in fields and isinstance(root, yaml.MappingNode):
        source.problem(root, "the file has no 'rules'", "add rules: [{id: ..., effect: deny, when: ..., message: ...}]")
    return [r for n in fields.items("rules") if (r := parse_rule(n, source))]


def _cross_checks(draft: Draft) -> list[Problem]:
    ids = [i.id for i in draft.intents]
    known = frozenset(ids)
    found = _twice("intent", ((i.id, i.position) for i in draft.intents))
    found += _twice("rule", ((r.id, r.position) for r in (*draft.rules, *(r for i in draft.intents for r in i.rules))))
    found += _twice("agent", ((a.id, a.position) for a in draft.agents))
    found += _twice("test", ((c.name, c.position) for c in draft.cases))
    found += _shared_exemplars(draft.intents)
    for agent in draft.agents:
        strange = [p for p in agent.intents if not any(map(compile_pattern((p,)), ids))]
        found += [_at(agent.position, f"agent {agent.id} names {p!r}, which is no intent", nearest(p, known)) for p in strange]
    for case in draft.cases:
        wanted = case.expect.intent
        if wanted and wanted not in known:
            found.append(_at(case.position, f"test “{case.name}” expects intent {wanted!r}, which does not exist", nearest(wanted, known)))
    unknown = [n for n in draft.calibration.intents if n not in known]
    found += [Problem("calibration.json", 1, 1, f"thresholds for {n!r}, which is no intent", nearest(n, known)) for n in unknown]
    return found


def _twice(what: str, named: Iterable[tuple[str, Position]]) -> list[Problem]:
    first: dict[str, Position] = {}
    found = []
    for name, position in named:
        if name and first.setdefault(name, position) is not position:
            found.append(_at(position, f"{what} {name!r} is defined twice", f"rename one; the first is at {first[name]}"))
    return found


def _shared_exemplars(intents: Sequence[Intent]) -> list[Problem]:
    owners: dict[str, tuple[str, Position]] = {}
    found = []
    for intent in intents:
        for exemplar in intent.exemplars:
            text = " ".join(exemplar.text.casefold().split())
            owner, place = owners.setdefault(text, (intent.id, exemplar.position))
            if owner != intent.id:
                found.append(_at(exemplar.position, f"“{exemplar.text}” is an exemplar of {owner} too", f"keep it in one intent; the other is at {place}"))
    return found


def _at(position: Position, message: str, fix: str) -> Problem:
    return Problem(position.file, position.line, position.column, message, fix)
