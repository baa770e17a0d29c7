"""How well a bundle decides labelled requests: what it lets through, what it refuses, how sure the numbers are.

Pure, given the function that decides. The shares and their 95% Wilson intervals:

* ``false_allow``: of the requests expected to be denied, those that were not.
* ``false_deny``: of the requests expected to be allowed or narrowed, those that were denied.
* ``narrow``: of the requests expected to be allowed, those that were narrowed.
* ``too_wide``: of the requests expected to be narrowed, those that were allowed in full.
* ``wrong_intent``: of the requests that name an intent, those that were granted under another one.

A request that gets an error instead of a decision counts as denied, as a gateway would take it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdp.errors import PdpError
from pdp.intervals import Share
from pdp.types import Effect, Json, JsonObject, Request, Verdict

Decide = Callable[[Request], Verdict]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A request and what a careful person would answer. ``line`` is its place in the file, from 1."""

    request: Request
    expect: Effect
    line: int
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one labelled request got. ``error`` is empty unless there was no decision."""

    asked: Labelled
    effect: Effect
    intent: str
    why: str
    error: str = ""

    @property
    def right(self) -> bool:
        """Whether the effect, and the intent where one is named, are the expected ones."""
        return self.effect is self.asked.expect and not self.wrong_intent

    @property
    def wrong_intent(self) -> bool:
        """Whether it was granted under another intent than the one named."""
        return bool(self.asked.intent) and self.effect is not Effect.DENY and self.intent != self.asked.intent


@dataclass(frozen=True, slots=True)
class Measures:
    """The shares of the module's docstring, over all requests or those of one intent."""

    total: int
    false_allow: Share
    false_deny: Share
    narrow: Share
    too_wide: Share
    wrong_intent: Share

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Measures:
        """Count."""
        should_deny = [a for a in answers if a.asked.expect is Effect.DENY]
        should_pass = [a for a in answers if a.asked.expect is not Effect.DENY]
        should_allow = [a for a in should_pass if a.asked.expect is Effect.ALLOW]
        should_narrow = [a for a in should_pass if a.asked.expect is Effect.NARROW]
        named = [a for a in should_pass if a.asked.intent]
        return cls(
            total=len(answers),
            false_allow=_share(should_deny, lambda a: a.effect is not Effect.DENY),
            false_deny=_share(should_pass, lambda a: a.effect is Effect.DENY),
            narrow=_share(should_allow, lambda a: a.effect is Effect.NARROW),
            too_wide=_share(should_narrow, lambda a: a.effect is Effect.ALLOW),
            wrong_intent=_share(named, lambda a: a.wrong_intent),
        )

    def as_json(self) -> dict[str, Json]:
        """For a report: ``total`` and, per share, ``<name>_share``, ``<name>_count``, ``<name>_interval``."""
        report: dict[str, Json] = {"total": self.total}
        for name in ("false_allow", "false_deny", "narrow", "too_wide", "wrong_intent"):
            share: Share = getattr(self, name)
            report |= {f"{name}_of": share.total, **share.named(name)}
        return report


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome: overall, per intent (the named one, else the one that granted), and each answer in file order."""

    overall: Measures
    by_intent: dict[str, Measures]
    answers: tuple[Answer, ...]

    def as_json(self) -> JsonObject:
        """For ``--out``: shares, per-intent shares, the table of expected against actual, and what went wrong where."""
        table = Counter((a.asked.expect.value, a.effect.value) for a in self.answers)
        return {
            "overall": self.overall.as_json(),
            "intents": {name: measures.as_json() for name, measures in self.by_intent.items()},
            "expected_to_actual": {e.value: {a.value: table[e.value, a.value] for a in Effect} for e in Effect},
            "wrong": [_wrong(a) for a in self.answers if not a.right],
        }


def evaluate(cases: Sequence[Labelled], decide: Decide) -> Evaluation:
    """Decide every case and count."""
    answers = tuple(_answer(case, decide) for case in cases)
    names = sorted({_intent(a) for a in answers} - {""})
    by_intent = {name: Measures.of([a for a in answers if _intent(a) == name]) for name in names}
    return Evaluation(Measures.of(answers), by_intent, answers)


def _answer(case: Labelled, decide: Decide) -> Answer:
    try:
        verdict = decide(case.request)
    except PdpError as error:
        return Answer(case, Effect.DENY, "", str(error), error.code)
    intent = verdict.match.intent if verdict.match else ""
    why = "; ".join(f"{r.code.value}: {r.text}" for r in verdict.reasons)
    return Answer(case, verdict.effect, intent, why)


def _intent(answer: Answer) -> str:
    granted = answer.intent if answer.effect is not Effect.DENY else ""
    return answer.asked.intent or granted


def _share(answers: Sequence[Answer], counts: Callable[[Answer], bool]) -> Share:
    return Share(sum(map(counts, answers)), len(answers))


def _wrong(answer: Answer) -> JsonObject:
    return {
        "line": answer.asked.line,
        "utterance": answer.asked.request.utterance,
        "expected": answer.asked.expect.value,
        "actual": answer.effect.value,
        "expected_intent": answer.asked.intent,
        "actual_intent": answer.intent,
        "why": answer.why,
        "error": answer.error,
    }
