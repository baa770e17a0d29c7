"""The sessions of the drift benchmark are what they are said to be, and its figures are counted right."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.contrast_data import ContrastIntent
from benchmarks.drift import alarm, course, report, threshold_for, weights
from benchmarks.drift_sessions import FIRST_TURN, KINDS, LAST_TURN, LENGTH, Readings, Session, simulate
from pdp.session import drift


def intent(name: str, domain: str, beyond: tuple[str, ...] = ()) -> ContrastIntent:
    texts = tuple(f"{name} {n}" for n in range(4))
    contrasts = tuple(("verb", f"{b} {n}") for b in beyond for n in range(4))
    return ContrastIntent(name, domain, f"About {name}.", "thing", ("act",), texts, texts, contrasts, ())


INTENTS = (
    intent("read", "mail", ("drop",)),
    intent("drop", "mail", ("read",)),
    intent("plan", "mail"),
    intent("fly", "travel", ("walk",)),
    intent("walk", "travel", ("fly",)),
    intent("stay", "travel"),
)


def readings(turn: int | None, near: float = 1.0, far: float = 0.0, kind: str = "domain") -> Readings:
    """Requests that are plain about which side they are on."""
    beside = np.arange(LENGTH) >= (LENGTH if turn is None else turn)
    values = np.where(beside, far, near)
    return Readings(Session((0,), ("t",) * LENGTH, turn, kind if turn else ""), values, values)


@given(st.integers(0, 2**32))
def test_sessions_turn_where_and_to_what_they_say(seed: int) -> None:
    """On purpose up to the turn, then none of the purpose's own requests; the same seed gives the same sessions."""
    found = list(simulate(INTENTS, 3, seed))
    assert found == list(simulate(INTENTS, 3, seed))
    assert [s.kind for s in found] == ["", "", "", *(k for k in KINDS for _ in range(3))]
    for session in found:
        own = {t for i in session.intents for t in INTENTS[i].paraphrases}
        assert len(session.texts) == LENGTH
        assert [t in own for t in session.texts] == [session.turn is None or at < session.turn for at in range(LENGTH)]
        assert session.turn is None or FIRST_TURN <= session.turn <= LAST_TURN
        domains = {INTENTS[session.intents[0]].domain}
        if session.kind:
            turned = next(i for i in INTENTS if session.texts[-1] in i.paraphrases)
            assert (turned.domain in domains) is (session.kind != "domain")


def test_what_is_plainly_beside_the_purpose_is_noticed_at_once() -> None:
    """Eight in a row are drift 1; none before the turn."""
    values = course(readings(10))
    assert values[:10].max() < 0.01
    assert values[17] > 0.95
    assert alarm(values, drift.NARROW_AT) == 13
    assert alarm(course(readings(None)), drift.NARROW_AT) is None


def test_figures_are_counted_right() -> None:
    """One of two honest sessions alarms; of four turns two are noticed at the fourth request, one never, one early."""
    honest, wild = readings(None), readings(None, near=0.0)
    turned = [readings(10), readings(4), readings(10, far=1.0), readings(12, near=0.0)]
    found = report([honest, wild, *turned], drift.NARROW_AT)
    assert (found["sessions"], found["false_alarms"]) == (2, 0.5)
    delay = {"p50": 4, "p90": None}
    assert found["domain"] == {"sessions": 4, "early": 0.25, "noticed": 0.6667, "delay": delay}
    assert found["family"] == {"sessions": 0, "early": 0, "noticed": 0, "delay": {"p50": None, "p90": None}}


def test_thresholds_keep_their_share() -> None:
    """The lowest that so many honest sessions stay below."""
    honest = [np.array([0.0, n / 100]) for n in range(100)]
    assert threshold_for(honest, 0.02) == 0.98
    assert threshold_for([np.array([1.0])], 0.0) == 1.0


def test_weights_tell_the_sides_apart() -> None:
    """Both readings count against being beside the purpose."""
    chance = np.random.default_rng(1)
    noisy = []
    for turn in (4, 8, 12):
        plain = readings(turn, 0.6, 0.4)
        noise = chance.normal(0, 0.1, (2, LENGTH))
        noisy.append(Readings(plain.session, plain.cosines + noise[0], plain.scores + noise[1]))
    bias, cosine, score = weights(noisy)
    assert bias > 0 > max(cosine, score)
