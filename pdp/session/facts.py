"""The fields of ``session`` as rules see them, and the numbers that budgets bound. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pdp.session.drift import WINDOW, drift
from pdp.session.state import SessionState, live_authority
from pdp.types import Json


def session_facts(state: SessionState, now: float, window: int = WINDOW) -> Mapping[str, Json]:
    """Every field of ``session`` but ``id``. ``now``: epoch seconds; ``window``: over how many requests drift is told.

    An empty task is left out, so that it is missing, as other empty texts of a request are.
    """
    task: dict[str, Json] = {"task": state.task} if state.task else {}
    return {**task, "intents": state.intents, **session_numbers(state, now, window)}


def session_numbers(state: SessionState, now: float, window: int = WINDOW) -> dict[str, float]:
    """The numbers of a session by name: whole ones as ``int``."""
    counters = state.counters
    live = live_authority(state, now)
    return {
        "age_seconds": max(0, math.ceil(now - state.started)),
        "decisions": counters.allowed + counters.narrowed + counters.denied,
        "allowed": counters.allowed,
        "narrowed": counters.narrowed,
        "denied": counters.denied,
        "denials_in_a_row": counters.denials_in_a_row,
        "reads": counters.reads,
        "changes": counters.changes,
        "criticals": counters.criticals,
        "targets": state.targets.count,
        "privileges": state.privileges.count,
        "live_authority": live,
        "peak_authority": max(state.peak, live),
        "rows": counters.rows,
        "bytes": counters.bytes,
        "read_then_send": counters.read_then_send,
        "drift": drift(state.distances, window),
    }
