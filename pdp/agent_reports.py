"""The inventory: every agent that was declared or seen, what it may do and what it did. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pdp.inventory import Seen
from pdp.policy.admission import compile_pattern
from pdp.runtime import AgentReport
from pdp.session.state import SessionState, live_authority
from pdp.snapshot import Snapshot

STALE_SECONDS = 90 * 86_400.0
"""An agent that asked for nothing for so long is stale."""


def agent_reports(
    seen: Mapping[str, Seen], running: Collection[SessionState], snapshot: Snapshot, now: float
) -> tuple[AgentReport, ...]:
    """Every agent, by id. ``running``: the open sessions."""
    declared = {a.id for a in snapshot.bundle.agents if "*" not in a.id and "?" not in a.id}
    return tuple(_agent(name, seen.get(name), running, snapshot, now) for name in sorted({*seen, *declared}))


def _agent(
    name: str, seen: Seen | None, running: Collection[SessionState], snapshot: Snapshot, now: float
) -> AgentReport:
    entries = [a for a in snapshot.bundle.agents if compile_pattern((a.id,))(name)]
    usable = snapshot.admission.usable(name)
    allowed = [snapshot.bundle.intents[c].id for c in usable.tolist()] if usable is not None else []
    used = seen.intents if seen else ()
    mine = [s for s in running if s.agent == name]
    owner = next((a.owner for a in entries if a.owner), "")
    unused = tuple(i for i in allowed if i not in used)
    return AgentReport(
        id=name,
        owner=owner,
        declared=bool(entries),
        seen=seen is not None,
        intents_used=used,
        intents_unused=unused,
        targets=seen.targets if seen else (),
        first_seen=seen.first if seen else 0.0,
        last_seen=seen.last if seen else 0.0,
        allowed=seen.allowed if seen else 0,
        narrowed=seen.narrowed if seen else 0,
        denied=seen.denied if seen else 0,
        live_authority=sum(live_authority(s, now) for s in mine),
        open_sessions=len(mine),
        marks=_marks(owner, declared=bool(entries), seen=seen, unused=unused, allowed=allowed, now=now),
    )


def _marks(
    owner: str, *, declared: bool, seen: Seen | None, unused: Collection[str], allowed: Collection[str], now: float
) -> tuple[str, ...]:
    """What an operator should look at. Over-scoped: more than half of what it may use it never used."""
    marks = []
    if not declared:
        marks.append("unknown")
    elif not owner:
        marks.append("unowned")
    if declared and (seen is None or now - seen.last > STALE_SECONDS):
        marks.append("stale")
    if seen is not None and declared and len(unused) * 2 > len(allowed):
        marks.append("over-scoped")
    return tuple(marks)
