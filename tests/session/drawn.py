"""Strategies: sessions, steps and budgets."""

from __future__ import annotations

from hypothesis import strategies as st

from pdp.policy.model import Budget, Consequence
from pdp.policy.vocabulary import SESSION_NUMBERS
from pdp.scoring import Risk
from pdp.session.authority import LiveGrant
from pdp.session.drift import PurposeVector
from pdp.session.state import SessionState, Step, advance, consumed, ended, reported
from pdp.types import Access, Effect, Position, Target

NOW = 1_767_607_200.0
HERE = Position("bundle.yaml", 1, 1)

names = st.sampled_from(["a", "b", "c", "", "*"]) | st.text(max_size=5)
shares = st.floats(0, 1)
grants = st.builds(
    LiveGrant,
    st.uuids().map(str),
    st.floats(NOW - 100, NOW + 300),
    st.sampled_from([1.0, 3.0, 10.0]),
    st.sampled_from([1.0, 2.0, 20.0]),
)
targets = st.builds(Target, names, names)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """One decision; a deny has no grant."""
    effect = draw(st.sampled_from(Effect))
    return Step(
        effect,
        draw(st.sampled_from(Risk)),
        draw(st.sampled_from(Access)),
        draw(targets),
        draw(st.booleans()),
        None if effect is Effect.DENY else draw(st.none() | grants),
        draw(st.none() | shares),
    )


def fresh(**changes: object) -> SessionState:
    """A session that has just begun."""
    fields: dict[str, object] = {
        "id": "s1",
        "agent": "desk-bot",
        "instance": "7",
        "principal": "ada",
        "task": "close-12",
        "purpose": PurposeVector(bytes([127, 0, 129]), 0.004),
        "intents": ("read-mail",),
        "gateway": "gw-1",
        "started": NOW,
        "expires": NOW + 900,
    }
    return SessionState(**{**fields, **changes})


limits = st.lists(st.tuples(st.sampled_from(SESSION_NUMBERS), st.floats(0, 1e6)), max_size=3).map(tuple)


@st.composite
def sessions(draw: st.DrawFn) -> SessionState:
    """A session after some steps."""
    state = fresh(
        id=draw(names),
        task=draw(names),
        principal=draw(names),
        intents=tuple(draw(st.lists(names, max_size=4))),
        limits=draw(limits),
        purpose=PurposeVector(draw(st.binary(max_size=16)), draw(shares)),
    )
    for step in draw(st.lists(steps(), max_size=8)):
        state = advance(state, step, NOW)
    if draw(st.booleans()):
        state = reported(state, draw(st.integers(-5, 10**20)), draw(st.integers(0, 10**6)))
    if state.grants and draw(st.booleans()):
        state = consumed(state, state.grants[0].jti)
    return ended(state, draw(names), NOW + 5) if draw(st.booleans()) else state


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    """A budget of a bundle."""
    then = draw(st.sampled_from(Consequence))
    return Budget("b", draw(st.sampled_from(SESSION_NUMBERS)), draw(st.floats(0, 50)), then, "too much", HERE)
