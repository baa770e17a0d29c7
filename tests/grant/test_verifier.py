"""A gateway's verifier: offline, once per use, stopped by a revocation, and by silence."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from pdp.client.grants import Gateway, GrantVerifier
from pdp.client.replays import Count, ReplaySet
from pdp.errors import GrantRefused
from pdp.grant import Actor, Attenuation, PublicKeys, attenuate, mint
from tests.grant.samples import AUDIENCE, CERTIFICATE, ISSUER, KEY, KEYS, NOW, WANTED, grant, signing_key

GATEWAY = Gateway(AUDIENCE, ISSUER, CERTIFICATE)
DIGEST = WANTED.digest


@dataclass
class Feed:
    """What was revoked, as a gateway has it in memory."""

    gone: set = field(default_factory=set)
    reads_only: bool = False
    silent: bool = False

    def revoked(self, subjects, reads, now):
        if self.reads_only and not reads:
            return "quarantine"
        return next((f"{s[0]} {s[1]} was killed" for s in subjects if s in self.gone), None)

    @property
    def stale(self):
        return self.silent


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture
def verifier(feed):
    return GrantVerifier(GATEWAY, KEYS, feed, NOW - 10)


def fault(call, *arguments, **named) -> str:
    try:
        call(*arguments, **named)
    except GrantRefused as refused:
        return refused.fault
    return ""


def test_a_grant_is_good_for_its_uses(verifier):
    """And not for one more."""
    token = mint(grant(uses=3), KEY)
    assert [fault(verifier.verify, token, DIGEST, NOW) for _ in range(5)] == ["", "", "", "replayed", "replayed"]


def test_a_refusal_takes_no_use(verifier, feed):
    """Another action, another time, a revocation, silence: the grant is as good as before."""
    token = mint(grant(), KEY)
    assert fault(verifier.verify, token, "x" * 43, NOW) == "wrong_action"
    assert fault(verifier.verify, token, DIGEST, NOW - 9) == "not_yet_valid"
    assert fault(verifier.verify, token, DIGEST, NOW, task="t-2") == "wrong_task"
    feed.silent = True
    assert fault(verifier.verify, token, DIGEST, NOW) == "stale"
    feed.silent, feed.gone = False, {("grant", "g-1")}
    assert fault(verifier.verify, token, DIGEST, NOW) == "revoked"
    feed.gone = set()
    assert fault(verifier.verify, token, DIGEST, NOW, task="t-1") == ""
    assert fault(verifier.verify, token, DIGEST, NOW) == "replayed"


def test_what_is_known_is_checked_all_the_same(verifier, feed):
    """The signature alone is not looked at twice."""
    token = mint(grant(uses=100), KEY)
    assert fault(verifier.verify, token, DIGEST, NOW) == ""
    assert fault(verifier.verify, token, "x" * 43, NOW) == "wrong_action"
    feed.gone = {("session", "s-1")}
    assert fault(verifier.verify, token, DIGEST, NOW) == "revoked"
    feed.gone = set()
    assert fault(verifier.verify, token, DIGEST, NOW + 62) == "expired"


SUBJECTS = [
    ("grant", "g-1"),
    ("session", "s-1"),
    ("task", "t-1"),
    ("agent", "spiffe://example/billing-agent"),
    ("instance", "spiffe://example/billing-agent/3"),
    ("principal", "ada@example.com"),
    ("target", "table/billing.invoices"),
    ("intent", "read-invoices"),
    ("gateway", AUDIENCE),
    ("key", KEY.id),
    ("everything", ""),
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_scope_of_the_kill_switch_ends_a_grant(verifier, feed, subject):
    """Also one that runs."""
    token = mint(grant(uses=9), KEY)
    verifier.verify(token, DIGEST, NOW)
    feed.gone = {subject}
    assert fault(verifier.verify, token, DIGEST, NOW) == "revoked"
    assert fault(verifier.recheck, token, DIGEST, NOW) == "revoked"


def test_a_quarantine_lets_reads_pass(verifier, feed):
    """What only reads is told to the feed."""
    feed.reads_only = True
    assert fault(verifier.verify, mint(grant(), KEY), DIGEST, NOW) == ""


def test_a_recheck_takes_no_use_and_sees_the_end(verifier):
    """For what runs longer than a moment."""
    token = mint(grant(), KEY)
    verifier.verify(token, DIGEST, NOW)
    assert fault(verifier.recheck, token, DIGEST, NOW + 30) == ""
    assert fault(verifier.recheck, token, DIGEST, NOW + 62) == "expired"


def test_what_may_have_been_used_before_the_start_is_refused(feed):
    """The set of used grants did not survive; unless somebody else counts."""
    token = mint(grant(), KEY)
    assert fault(GrantVerifier(GATEWAY, KEYS, feed, NOW + 0.001).verify, token, DIGEST, NOW + 1) == "replayed"
    assert fault(GrantVerifier(GATEWAY, KEYS, feed, NOW).verify, token, DIGEST, NOW + 1) == ""
    assert fault(GrantVerifier(GATEWAY, KEYS, feed, 0).verify, token, DIGEST, NOW + 1) == ""


@pytest.mark.parametrize(
    ("gateway", "want"),
    [
        (Gateway("gw:pg-prod/i-4", ISSUER, CERTIFICATE), "wrong_audience"),
        (Gateway(AUDIENCE, "https://other", CERTIFICATE), "wrong_issuer"),
        (Gateway(AUDIENCE, ISSUER, "d" * 43), "wrong_holder"),
        (Gateway(AUDIENCE, ISSUER), "wrong_holder"),
    ],
)
def test_another_gateway_refuses_it(feed, gateway, want):
    """Each time, not only the first."""
    verifier = GrantVerifier(gateway, KEYS, feed, 0)
    token = mint(grant(uses=9), KEY)
    assert [fault(verifier.verify, token, DIGEST, NOW) for _ in range(2)] == [want, want]


def test_new_keys_end_what_old_ones_made(verifier):
    """Known or not."""
    token = mint(grant(uses=9), KEY)
    verifier.verify(token, DIGEST, NOW)
    other = signing_key()
    verifier.replace_keys(PublicKeys([ECKey.import_key(other.private.as_dict(private=False))]))
    assert fault(verifier.verify, token, DIGEST, NOW) == "unknown_key"
    assert fault(verifier.verify, mint(grant(id="g-2"), other), DIGEST, NOW) == ""


def test_keys_replaced_during_a_verification_leave_nothing_behind(feed):
    """What was verified with the old ones meanwhile is not remembered."""
    others = PublicKeys([ECKey.import_key(signing_key().private.as_dict(private=False))])

    class Replaced(PublicKeys):
        def get(self, key_id):
            verifier.replace_keys(others)
            return KEYS.get(key_id)

    verifier = GrantVerifier(GATEWAY, Replaced([]), feed, 0)
    token = mint(grant(uses=9), KEY)
    verifier.verify(token, DIGEST, NOW)
    assert fault(verifier.verify, token, DIGEST, NOW) == "unknown_key"


def test_a_clock_set_back_revives_nothing(verifier):
    """What was forgotten stays ended."""
    token = mint(grant(), KEY)
    verifier.verify(token, DIGEST, NOW)
    later = mint(grant(NOW + 100, id="g-2"), KEY)
    verifier.verify(later, DIGEST, NOW + 100)
    assert fault(verifier.verify, token, DIGEST, NOW) == "expired"


def test_threads_share_the_uses(verifier):
    """Sixteen threads, one grant: exactly as many get through as it has uses."""
    token = mint(grant(uses=50), KEY)
    passed = []

    def use() -> None:
        passed.extend(1 for _ in range(20) if fault(verifier.verify, token, DIGEST, NOW) == "")

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 50


def test_a_sub_agents_uses_are_its_parents_uses(verifier):
    """Offline too, in whatever order they come: passing a grant on makes no authority."""
    parent = grant(uses=3)
    child = attenuate(parent, Attenuation(Actor("helper"), uses=2), NOW, "g-2")
    grandchild = attenuate(child, Attenuation(Actor("its helper"), uses=2), NOW, "g-3")
    one, two, three = (mint(g, KEY) for g in (parent, child, grandchild))
    assert [fault(verifier.verify, t, DIGEST, NOW) for t in (three, two, two, three)] == [
        "",
        "",
        "replayed",
        "replayed",
    ]
    assert [fault(verifier.verify, one, DIGEST, NOW) for _ in range(2)] == ["", "replayed"]


def test_the_end_of_a_parent_is_the_end_of_its_children(verifier, feed):
    """A kill of the grant or of the agent that passed it on."""
    parent = grant(uses=3)
    token = mint(attenuate(parent, Attenuation(Actor("helper")), NOW, "g-2"), KEY)
    assert fault(verifier.recheck, token, DIGEST, NOW) == ""
    for subject in [("grant", "g-1"), ("agent", parent.actors[0].agent), ("agent", "helper")]:
        feed.gone = {subject}
        assert fault(verifier.recheck, token, DIGEST, NOW) == "revoked"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-20, 60)), max_size=40), st.integers(1, 3))
def test_no_grant_is_used_more_often_than_it_may_be(steps, uses):
    """Whatever the order of grants and however the clock goes."""
    replays = ReplaySet()
    now, counts = NOW, {}
    for number, step in steps:
        now += step
        ends = int(NOW) + 100 * number
        if not fault(replays.use, [Count(f"g-{number}", uses, ends)], now):
            counts[number] = counts.get(number, 0) + 1
            assert now < ends
    assert all(n <= uses for n in counts.values())


def test_the_set_forgets_what_has_ended_and_is_bounded():
    """Full, it refuses rather than forgets."""
    replays = ReplaySet(most=10)
    for number in range(10):
        replays.use([Count(f"g-{number}", 2, int(NOW) + 60)], NOW)
    assert fault(replays.use, [Count("one more", 1, int(NOW) + 60)], NOW) == "too_many"
    assert fault(replays.use, [Count("g-3", 2, int(NOW) + 60)], NOW) == ""
    assert fault(replays.use, [Count("one more", 1, int(NOW) + 120)], NOW + 61) == ""
    assert len(replays) == 1


def test_the_memory_of_verified_grants_is_bounded(verifier, monkeypatch):
    """The oldest goes; it is verified again."""
    monkeypatch.setattr("pdp.client.grants.MOST_KNOWN", 3)
    tokens = [mint(grant(id=f"g-{n}", uses=5), KEY) for n in range(6)]
    for token in [*tokens, *tokens]:
        assert fault(verifier.verify, token, DIGEST, NOW) == ""
    assert len(verifier._known) == 3


def test_a_token_that_is_no_text_of_a_token_is_refused(verifier):
    """Unread when it is too long."""
    for token, want in (("x" * 9_000, "too_large"), ("\ud800", "malformed"), ("é", "malformed"), ("", "malformed")):
        assert fault(verifier.verify, token, DIGEST, NOW) == want
