"""What can only be seen with the whole bundle in hand: mistakes that refuse it, and things worth a second look."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from pdp.errors import Problem
from pdp.policy.admission import compile_pattern
from pdp.policy.fields import folded, shortened
from pdp.policy.model import Bundle, Intent, Mode
from pdp.types import Exemplar, Position

FEW_EXEMPLARS = 3
_INVISIBLE = frozenset({"Cf", "Co", "Cn"})


def shared_exemplars(intents: Sequence[Intent]) -> Iterator[Problem]:
    """One text approved by two intents that can compete for a request: which of them matches would be chance."""
    for exemplar, first, other in _shared(intents):
        if _compete(first, other):
            message = f"“{shortened(exemplar.text)}” is an exemplar of the intent {first.id} too"
            yield _at(
                exemplar.position, message, f"keep it in one of them; the other is at {_place_in(first, exemplar)}"
            )


def warnings(bundle: Bundle) -> tuple[Problem, ...]:
    """What is allowed and yet unlikely to be meant; each with a fix, in file order. Nothing here refuses the bundle."""
    found = [
        *_unused(bundle),
        *_untested(bundle),
        *_few_exemplars(bundle.intents),
        *_invisible(e for i in bundle.intents for e in (*i.exemplars, *i.counter_exemplars)),
        *_shared_apart(bundle.intents),
    ]
    return tuple(sorted(dict.fromkeys(found)))


def _unused(bundle: Bundle) -> Iterator[Problem]:
    granted = [compile_pattern(agent.intents) for agent in bundle.agents]
    for intent in bundle.intents:
        if not any(grants(intent.id) for grants in granted):
            fix = "name it under an agent in agents.yaml, or remove it"
            yield _at(intent.position, f"no agent may use the intent {intent.id}", fix)


def _untested(bundle: Bundle) -> Iterator[Problem]:
    tested = {case.expect.intent for case in bundle.cases}
    for intent in bundle.intents:
        if intent.mode is Mode.ENFORCE and intent.id not in tested:
            fix = "add one to tests/ whose expect names it"
            yield _at(intent.position, f"no test expects the intent {intent.id}", fix)


def _few_exemplars(intents: Iterable[Intent]) -> Iterator[Problem]:
    for intent in intents:
        if len(intent.exemplars) < FEW_EXEMPLARS:
            fix = "add what people really say, in different words; six or more work well"
            message = f"the intent {intent.id} has fewer than {FEW_EXEMPLARS} exemplars"
            yield _at(intent.exemplars[0].position, message, fix)


def _invisible(exemplars: Iterable[Exemplar]) -> Iterator[Problem]:
    for exemplar in exemplars:
        hidden = next((c for c in exemplar.text if unicodedata.category(c) in _INVISIBLE), "")
        if hidden:
            message = f"the exemplar holds the invisible character U+{ord(hidden):04X}"
            yield _at(exemplar.position, message, "remove it; it is taken out before texts are compared")


def _shared_apart(intents: Sequence[Intent]) -> Iterator[Problem]:
    for exemplar, first, other in _shared(intents):
        if not _compete(first, other):
            message = f"“{shortened(exemplar.text)}” is an exemplar of the intent {first.id} too"
            yield _at(exemplar.position, message, "reword one of them, unless both are asked for in these very words")


def _shared(intents: Sequence[Intent]) -> Iterator[tuple[Exemplar, Intent, Intent]]:
    owners: dict[str, Intent] = {}
    for intent in intents:
        for exemplar in intent.exemplars:
            first = owners.setdefault(folded(exemplar.text), intent)
            if first is not intent:
                yield exemplar, first, intent


def _compete(one: Intent, other: Intent) -> bool:
    """Whether some action may belong to both intents, as far as their patterns show."""
    of_one, of_other = compile_pattern(one.actions), compile_pattern(other.actions)
    return any(map(of_one, other.actions)) or any(map(of_other, one.actions))


def _place_in(intent: Intent, exemplar: Exemplar) -> Position:
    return next(e.position for e in intent.exemplars if folded(e.text) == folded(exemplar.text))


def _at(position: Position, message: str, fix: str) -> Problem:
    return Problem(position.file, position.line, position.column, message, fix)
