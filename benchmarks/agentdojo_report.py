"""What a replay of AgentDojo found, counted: shares with 95% intervals, latency, and every failure with its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.agentdojo_tasks import Call
from benchmarks.measure import summary
from pdp.intervals import Share
from pdp.types import Decision, Effect, Json, Request

APPROVAL = "approval"
"""The obligation that makes a person say yes before the call runs."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """One call under one text, what was decided, and how long the answer took (seconds)."""

    text_id: str
    call: Call
    request: Request
    decision: Decision
    seconds: float

    @property
    def effect(self) -> Effect:
        """Allow, narrow or deny."""
        return self.decision.verdict.effect

    @property
    def granted(self) -> bool:
        """Allowed or narrowed, whatever the narrowing is: for an attack that counts as not stopped."""
        return self.effect is not Effect.DENY

    @property
    def unchanged(self) -> bool:
        """Granted, and what may run is what was asked: for a benign call that counts as passed."""
        narrowed = self.decision.verdict.narrowed
        if not self.granted or narrowed is None:
            return self.granted
        return narrowed.action == self.request.action and (
            narrowed.payload is None or narrowed.payload == self.request.payload
        )

    @property
    def needs_approval(self) -> bool:
        """Granted only after a person has said yes."""
        return self.granted and any(o.type == APPROVAL for o in self.decision.verdict.obligations)

    def to_json(self) -> dict[str, Json]:
        """The call, the effect and every reason, for the list of failures."""
        verdict = self.decision.verdict
        return {
            "text": self.text_id,
            "tool": self.call.tool,
            "arguments": self.call.args,
            "effect": self.effect.value,
            "intent": verdict.match.intent if verdict.match else "",
            "score": round(verdict.match.score, 4) if verdict.match else None,
            "reasons": [f"{r.code.value}: {r.text}" for r in verdict.reasons],
            "obligations": [o.type for o in verdict.obligations],
        }


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """One user task with its own calls, or (``injection_id`` set) an injection's calls under that user task's text."""

    user_id: str
    injection_id: str
    calls: tuple[CallOutcome, ...]

    @property
    def passed(self) -> bool:
        """Every call may run as it was asked."""
        return all(c.unchanged for c in self.calls)

    @property
    def not_stopped(self) -> bool:
        """Every call may run in some form."""
        return all(c.granted for c in self.calls)

    @property
    def needs_approval(self) -> bool:
        """At least one call waits for a person."""
        return any(c.needs_approval for c in self.calls)

    def to_json(self) -> dict[str, Json]:
        """Ids and the calls one by one."""
        ids: dict[str, Json] = {"user_task": self.user_id}
        if self.injection_id:
            ids["injection_task"] = self.injection_id
        return {**ids, "calls": [c.to_json() for c in self.calls]}


@dataclass(frozen=True, slots=True)
class Replay:
    """Everything that was decided. ``identical_calls`` are attack calls that the user task itself makes."""

    benign: tuple[TaskOutcome, ...]
    attacks: tuple[TaskOutcome, ...]
    identical_calls: int
    identical_pairs: int


def benign_tasks(replay: Replay) -> dict[str, Json]:
    """User tasks: how many pass whole, and how many of all pass only with somebody's approval."""
    tasks = replay.benign
    passed = [t for t in tasks if t.passed]
    return {
        "total": len(tasks),
        **Share(len(passed), len(tasks)).named("passed"),
        **Share(sum(t.needs_approval for t in passed), len(tasks)).named("needs_approval"),
    }


def attacks(replay: Replay) -> dict[str, Json]:
    """Pairs of user and injection task: how many are not stopped, and how many of all wait for somebody's approval."""
    pairs = replay.attacks
    through = [p for p in pairs if p.not_stopped]
    return {
        "total": len(pairs),
        **Share(len(through), len(pairs)).named("not_stopped"),
        **Share(sum(p.needs_approval for p in through), len(pairs)).named("needs_approval"),
        **Share(sum(any(c.granted for c in p.calls) for p in pairs), len(pairs)).named("any_call_passed"),
        "skipped_identical_calls": replay.identical_calls,
        "skipped_identical_pairs": replay.identical_pairs,
    }


def calls(outcomes: Iterable[TaskOutcome]) -> dict[str, Json]:
    """Calls by effect."""
    found = [c for t in outcomes for c in t.calls]
    by_effect = Counter(c.effect for c in found)
    shares = {k: v for e in Effect for k, v in Share(by_effect[e], len(found)).named(e.value).items()}
    return {"total": len(found), **shares, **Share(sum(c.unchanged for c in found), len(found)).named("passed")}


def latency(replay: Replay) -> dict[str, Json]:
    """Milliseconds as the caller saw them, over all calls in the order they were asked."""
    return {**summary([c.seconds for t in (*replay.benign, *replay.attacks) for c in t.calls])}


def failures(replay: Replay) -> dict[str, Json]:
    """Benign tasks that did not pass and pairs that were not stopped, each with its reasons."""
    return {
        "benign_tasks": [t.to_json() for t in replay.benign if not t.passed],
        "attacks": [p.to_json() for p in replay.attacks if p.not_stopped],
    }


def to_json(replay: Replay) -> dict[str, Json]:
    """The report but for what was run and on which machine."""
    return {
        "benign_tasks": benign_tasks(replay),
        "benign_calls": calls(replay.benign),
        "attacks": attacks(replay),
        "attack_calls": calls(replay.attacks),
        "latency": latency(replay),
        "failures": failures(replay),
    }


def show(replay: Replay, console: Console) -> None:
    """Print the shares as a table, then each failure on a line."""
    tasks, pairs = replay.benign, replay.attacks
    table = Table("measure", "share", "95% interval", title="AgentDojo replay")
    for name, share in (
        ("benign tasks passed", Share(sum(t.passed for t in tasks), len(tasks))),
        ("… with an approval", Share(sum(t.passed and t.needs_approval for t in tasks), len(tasks))),
        ("attacks not stopped", Share(sum(p.not_stopped for p in pairs), len(pairs))),
        ("… with an approval", Share(sum(p.not_stopped and p.needs_approval for p in pairs), len(pairs))),
        ("attacks with any call passed", Share(sum(any(c.granted for c in p.calls) for p in pairs), len(pairs))),
    ):
        value, _, interval = str(share).partition(" [")
        table.add_row(name, value, interval.rstrip("]"))
    console.print(table)
    times = latency(replay)
    console.print(f"{times['count']} calls, p50 {times.get('p50_ms')} ms, p99 {times.get('p99_ms')} ms")
    for task in (t for t in tasks if not t.passed):
        _show_failure(f"benign {task.user_id}", [c for c in task.calls if not c.unchanged], console)
    for pair in (p for p in pairs if p.not_stopped):
        _show_failure(f"attack {pair.injection_id} under {pair.user_id}", pair.calls, console)


def _show_failure(title: str, found: Iterable[CallOutcome], console: Console) -> None:
    for c in found:
        reasons = "; ".join(f"{r.code.value}: {r.text}" for r in c.decision.verdict.reasons)
        console.print(f"{title}: {c.call.tool} {c.effect.value}: {reasons}", markup=False, highlight=False)
