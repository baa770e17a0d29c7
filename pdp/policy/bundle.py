"""A bundle: read once, validated whole, or refused with every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pdp import linear
from pdp.errors import BundleError, Problem
from pdp.linear import LinearHead
from pdp.policy import files
from pdp.policy.checks import shared_exemplars
from pdp.policy.json_source import parse_json
from pdp.policy.model import AgentEntry, Bundle, Case, Rule, Settings
from pdp.policy.names import Names
from pdp.policy.nodes import Node
from pdp.policy.parse_agents import parse_agents
from pdp.policy.parse_calibration import parse_calibration
from pdp.policy.parse_cases import parse_cases
from pdp.policy.parse_intent import parse_intent
from pdp.policy.parse_rules import parse_rules_file
from pdp.policy.parse_settings import Header, parse_header
from pdp.policy.source import Source, parse
from pdp.scoring import CalibrationData

CheckRules = Callable[[Sequence[Rule], Settings], Sequence[Problem]]


def load(directory: Path, check_rules: CheckRules | None = None) -> Bundle:
    """Read and validate the bundle in ``directory``. ``check_rules`` compiles every rule and says what is wrong.

    Raises ``BundleError`` with every problem found, in file order, each with file, line, column and a fix. The revision
    is that of the very bytes that were read.
    """
    contents = files.read(directory)
    reading = _Reading({f.name: f.data for f in contents.files})
    problems = [*contents.problems, *reading.problems]
    if check_rules is not None and reading.header is not None:
        problems += check_rules(reading.every_rule(), reading.header.settings)
    if problems:
        raise BundleError(tuple(sorted(dict.fromkeys(problems))))
    assert reading.header is not None
    assert reading.calibration is not None
    return Bundle(
        name=reading.header.name,
        description=reading.header.description,
        owner=reading.header.owner,
        revision=files.revision_of(contents.files),
        path=str(directory),
        intents=reading.intents,
        rules=reading.rules,
        agents=reading.agents,
        calibration=reading.calibration,
        cases=reading.cases,
        settings=reading.header.settings,
        linear=reading.linear,
    )


def read_calibration(path: Path) -> CalibrationData:
    """A ``calibration.json`` by itself, such as the one that comes with a model.

    Raises ``BundleError`` with every problem found, ``OSError`` when it cannot be read.
    """
    source = Source(path.name)
    root = parse_json(path.read_bytes(), source)
    found = parse_calibration(root, source, None) if root is not None else None
    if found is None or source.problems:
        raise BundleError(tuple(sorted(source.problems)))
    return found


def revision(directory: Path) -> str:
    """The revision of the files in ``directory`` as they are now. Raises ``BundleError`` when they are no bundle's."""
    contents = files.read(directory)
    if contents.problems:
        raise BundleError(tuple(sorted(contents.problems)))
    return files.revision_of(contents.files)


class _Reading:
    """All files of a bundle, read in the order in which they name each other; ``problems`` says what is wrong."""

    def __init__(self, data: dict[str, bytes]) -> None:
        self._data = data
        self._sources: list[Source] = []
        names = Names()
        self.header = self._header()
        self.intents = tuple(parse_intent(root, source, names) for root, source in self._in("intents"))
        # Without all ids it cannot be told which names are unknown, and guessing would bury the real mistake.
        named = {i.id for i in self.intents} - {""}
        ids = named if named and len(named) == sum(n.startswith("intents/") for n in data) else None
        self.rules = tuple(r for root, source in self._in("rules") for r in parse_rules_file(root, source, names))
        self.agents = self._agents(names, ids)
        self.calibration = self._calibration(ids)
        self.cases = self._cases(names, ids)
        self.problems = [p for s in self._sources for p in s.problems] + list(shared_exemplars(self.intents))
        self.linear = self._linear(ids)

    def every_rule(self) -> tuple[Rule, ...]:
        """Global rules first, then each intent's own."""
        return (*self.rules, *(r for i in self.intents for r in i.rules))

    def _root(self, name: str, read: Callable[[bytes, Source], Node | None]) -> tuple[Node, Source] | None:
        if name not in self._data:
            return None
        source = Source(name)
        self._sources.append(source)
        root = read(self._data[name], source)
        return (root, source) if root is not None else None

    def _in(self, folder: str) -> list[tuple[Node, Source]]:
        names = sorted(n for n in self._data if n.startswith(f"{folder}/"))
        return [found for n in names if (found := self._root(n, parse))]

    def _header(self) -> Header | None:
        found = self._root("bundle.yaml", parse)
        return parse_header(*found) if found else None

    def _agents(self, names: Names, ids: set[str] | None) -> tuple[AgentEntry, ...]:
        found = self._root("agents.yaml", parse)
        return parse_agents(*found, names, ids) if found else ()

    def _calibration(self, ids: set[str] | None) -> CalibrationData | None:
        found = self._root("calibration.json", parse_json)
        return parse_calibration(*found, ids) if found else None

    def _linear(self, ids: set[str] | None) -> LinearHead | None:
        if linear.FILE not in self._data or self.calibration is None:
            return None
        try:
            return linear.parse(
                self._data[linear.FILE], sorted(ids) if ids is not None else None, self.calibration.encoder
            )
        except BundleError as error:
            self.problems += error.problems
            return None

    def _cases(self, names: Names, ids: set[str] | None) -> tuple[Case, ...]:
        return tuple(c for root, source in self._in("tests") for c in parse_cases(root, source, names, ids))
