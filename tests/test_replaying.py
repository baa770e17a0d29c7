"""Replay says what another bundle would have answered, and says so where it cannot know."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdp.audit.read import AuditReader
from pdp.cli.rulebooks import kept_rulebooks
from pdp.policy.bundle import load
from pdp.replaying import Replayed, Replayer
from pdp.snapshot import rulebook
from pdp.types import Effect, Json, Request
from tests.recorded import APPROVED, FOREIGN, READ, RULES, UNSURE, asks, record, write

REMINDER = "Send a reminder to the customer"
WORDS = sorted({w for t in (APPROVED, UNSURE, FOREIGN, REMINDER, "urgent") for w in t.split()})
MIXED = (
    asks(APPROVED),
    asks(UNSURE),
    asks(FOREIGN),
    asks(APPROVED, limit=5000),
    asks(APPROVED + " urgent"),
    asks(REMINDER, "send", "mailbox"),
    asks(APPROVED, "drop"),
    asks(""),
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a service that was asked every kind of thing once."""
    place = tmp_path_factory.mktemp("mixed")
    data, found = asyncio.run(record(place, MIXED))
    effects = [d.verdict.effect.value for d in found]
    assert effects == ["allow", "narrow", "deny", "deny", "deny", "allow", "deny", "deny"]
    return data


def replay(data: Path, against: Path) -> list[Replayed]:
    """What ``pdp replay`` works with, in the order of the log."""
    replayer = Replayer(kept_rulebooks(data), rulebook(load(against)))
    with AuditReader.open(data) as reader:
        taken = [replayer.take(r.index, (e := r.entry()).kind, e.time, e.body) for r in reader.records()]
    return [r for r in taken if r is not None]


def changes(found: list[Replayed]) -> list[str]:
    """Of each decision: its change, ``?`` where it is not known, ``?!`` where a refusal might not stand."""
    return [r.change or ("?!" if r.possible else "?" if r.unknown else "") for r in found]


def deny(name: str, when: str) -> str:
    """One more rule."""
    return f"  - id: {name}\n    effect: deny\n    when: '{when}'\n    message: because of {name}\n"


UTTERANCES = st.one_of(
    st.sampled_from([APPROVED, UNSURE, FOREIGN, REMINDER, ""]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join),
)
CALLS = st.sampled_from([("read", "table"), ("list", "table"), ("send", "mailbox"), ("drop", "table")])
PARAMS = st.fixed_dictionaries({}, optional={"limit": st.sampled_from([1, 1000, 1001, "many"]), "note": UTTERANCES})
REQUESTS = st.builds(lambda u, c, p: asks(u, *c, **p), UTTERANCES, CALLS, PARAMS)


@settings(max_examples=12)
@given(st.lists(REQUESTS, min_size=1, max_size=12), st.sampled_from(["", APPROVED, REMINDER]))
def test_the_same_bundle_gives_the_same(requests: list[Request], purpose: str) -> None:
    """Whatever was asked, in a session or outside: nothing changes and everything is known."""
    with tempfile.TemporaryDirectory() as directory:
        data, decisions = asyncio.run(record(Path(directory), requests, purpose=purpose))
        found = replay(data, Path(directory) / "bundle")
        by_id = {r.decision_id: r for r in found}
        for decision in decisions:
            replayed = by_id[decision.decision_id]
            assert (replayed.unknown, replayed.change) == ("", "")
            assert replayed.before is replayed.after is decision.verdict.effect


OTHERS: dict[str, tuple[dict[str, str], dict[str, Json]]] = {
    "lower": ({}, {"default": {"accept": 0.3, "narrow": 0.05}}),
    "higher": ({}, {"default": {"accept": 0.95, "narrow": 0.75}}),
    "one higher": ({}, {"intents": {"read-invoices": {"accept": 0.99, "narrow": 0.9}}}),
    "a rule more": ({"rules/all.yaml": RULES + deny("x", "has(action.params.note)")}, {}),
    "a rule less": ({"rules/all.yaml": RULES.split("  - id: few-rows")[0]}, {}),
    "other texts": ({"intents/read.yaml": READ.replace("List invoices not paid yet", "Paint the late invoices")}, {}),
    "wider": ({"intents/read.yaml": READ.replace("[read, list]", "[read, list, drop]")}, {}),
    "narrower": ({"intents/read.yaml": READ.replace("[read, list]", "[read]")}, {}),
    "in shadow": ({"intents/read.yaml": READ + "mode: shadow\n"}, {}),
}


@pytest.mark.parametrize("name", OTHERS)
@settings(max_examples=3)
@given(requests=st.lists(REQUESTS, min_size=6, max_size=16))
def test_what_replay_says_is_what_the_other_bundle_does(name: str, requests: list[Request]) -> None:
    """Asked for real, the other bundle answers as replay said, wherever replay said anything."""
    changed, limits = OTHERS[name]
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        other = write(place / "other", changed, **limits)
        # A bundle whose tests break is never in force; those of the first need not hold here.
        (other / "tests" / "all.yaml").unlink()
        data, _ = asyncio.run(record(place / "then", requests))
        _, truth = asyncio.run(record(place / "now", requests, other))
        for replayed, decision in zip(replay(data, other), truth, strict=True):
            assert replayed.unknown or replayed.after is decision.verdict.effect, replayed


def test_a_new_rule_denies_what_it_is_about(mixed: Path, tmp_path: Path) -> None:
    """And nothing else; its message says why."""
    rule = deny("no-mail", 'action.name == "send"')
    found = replay(mixed, write(tmp_path, {"rules/all.yaml": RULES + rule}))
    assert changes(found) == ["", "", "", "", "", "newly denied", "", ""]
    assert "because of no-mail" in found[5].why


def test_a_rule_that_goes_allows_what_it_denied(mixed: Path, tmp_path: Path) -> None:
    """The dangerous direction is seen."""
    found = replay(mixed, write(tmp_path, {"rules/all.yaml": RULES.split("  - id: few-rows")[0]}))
    assert changes(found) == ["", "", "", "newly allowed", "", "", "", ""]
    assert [r.widened for r in found].index(True) == 3


def test_higher_thresholds_narrow_and_deny(mixed: Path, tmp_path: Path) -> None:
    """The recorded score is held against them, and a score close to one is marked."""
    score = next(r for r in replay(mixed, write(tmp_path / "same")) if r.before is Effect.NARROW)
    assert not score.change
    higher = replay(mixed, write(tmp_path / "higher", default={"accept": 0.99, "narrow": 0.95}))
    assert changes(higher) == ["", "newly denied", "", "", "", "", "", ""]
    assert [r.near for r in higher][:3] == [True, False, False]
    assert "out_of_scope" in higher[1].why


def test_lower_thresholds_allow(mixed: Path, tmp_path: Path) -> None:
    """What was narrowed is allowed; what nothing accepted might be, were it not for a rule that never read it."""
    found = replay(mixed, write(tmp_path, default={"accept": 0.05, "narrow": 0.01}))
    assert changes(found)[:3] == ["", "newly allowed", "?!"]
    assert "the utterance is not kept, and no-hurry would read it" in found[2].unknown
    plain = {"rules/all.yaml": "rules:\n" + deny("few-rows", "has(action.params.limit) && action.params.limit > 10.0")}
    data, _ = asyncio.run(record(tmp_path / "plain", [asks(FOREIGN)], write(tmp_path / "plain-bundle", plain)))
    (told,) = replay(data, write(tmp_path / "plain-lower", plain, default={"accept": 0.05, "narrow": 0.01}))
    assert told.change == "newly allowed"


def test_changed_exemplars_are_unknown(mixed: Path, tmp_path: Path) -> None:
    """The score is another one; for calls of other intents nothing changes."""
    other = {"intents/read.yaml": READ.replace("List invoices not paid yet", "Look for late invoices")}
    found = replay(mixed, write(tmp_path, other))
    assert changes(found) == ["?", "?", "?!", "?!", "?!", "", "", ""]
    assert "read-invoices could not match then, or has other texts" in found[0].unknown


def test_an_intent_that_is_new_might_match_what_was_refused(mixed: Path, tmp_path: Path) -> None:
    """A refusal never passes for the same when something could accept the call that could not then."""
    paint = READ.replace("read-invoices", "paint-fences").replace("  - ", "  - Paint the fence, ")
    found = replay(mixed, write(tmp_path, {"intents/paint.yaml": paint}))
    assert changes(found)[2] == "?!"
    assert "paint-fences" in found[2].unknown


def test_a_call_that_is_admitted_only_now_is_unknown(mixed: Path, tmp_path: Path) -> None:
    """Its utterance was never read."""
    wider = {"intents/read.yaml": READ.replace("[read, list]", "[read, list, drop]")}
    found = replay(mixed, write(tmp_path, wider))
    assert changes(found)[6] == "?!"
    assert "refused before the utterance was read" in found[6].unknown


def test_an_intent_that_goes_to_shadow_grants_nothing(mixed: Path, tmp_path: Path) -> None:
    """What it allowed is newly denied."""
    found = replay(mixed, write(tmp_path, {"intents/read.yaml": READ + "mode: shadow\n"}))
    assert changes(found) == ["newly denied", "newly denied", "", "", "", "", "", ""]


def test_a_rule_that_reads_the_utterance_keeps_its_answer(mixed: Path, tmp_path: Path) -> None:
    """The same condition elsewhere is answered as it was then; another one cannot be."""
    renamed = RULES.replace("id: no-hurry", "id: words-stay")
    assert changes(replay(mixed, write(tmp_path / "renamed", {"rules/all.yaml": renamed}))) == [""] * 8
    looser = RULES.replace("effect: deny", "effect: narrow\n    narrow: {read_only: true}", 1)
    found = replay(mixed, write(tmp_path / "looser", {"rules/all.yaml": looser}))
    assert found[4].change in {"newly allowed", "newly narrowed"}
    other = RULES.replace('contains("urgent")', 'contains("invoices")')
    found = replay(mixed, write(tmp_path / "other", {"rules/all.yaml": other}))
    assert changes(found) == ["?", "?", "", "?!", "?!", "?", "", ""]
    assert "no-hurry would read it" in found[0].unknown


def test_facts_of_the_utterance_are_not_made_up(mixed: Path, tmp_path: Path) -> None:
    """A new rule on what the request says is unknown; one on params alone is asked."""
    grounded = deny("said", "size(facts.ungrounded) > 0")
    found = replay(mixed, write(tmp_path / "said", {"rules/all.yaml": RULES + grounded}))
    assert "facts.ungrounded is read now and was not then" in found[0].unknown
    mails = deny("mails", "size(facts.all_emails) == 0")
    found = replay(mixed, write(tmp_path / "mails", {"rules/all.yaml": RULES + mails}))
    assert changes(found)[0] == "newly denied"


def test_another_encoder_is_unknown(mixed: Path, tmp_path: Path) -> None:
    """No score of one is a score of another; what was refused without the model is told all the same."""
    found = replay(mixed, write(tmp_path, encoder="sha256:" + "0" * 64))
    assert {r.unknown for r in found[:6]} == {"the other bundle is made for another encoder"}
    assert changes(found)[6:] == ["", ""]


def test_a_bundle_that_is_not_kept_is_unknown(tmp_path: Path) -> None:
    """Whoever deletes the copies of bundles loses replay, and is told."""
    data, _ = asyncio.run(record(tmp_path, [asks(APPROVED)]))
    for kept in (data / "bundles").iterdir():
        kept.rename(kept.with_name(f"lost-{kept.name}"))
    (found,) = replay(data, tmp_path / "bundle")
    assert found.unknown == "the bundle of that time is not kept"


async def test_a_shadow_rule_shows_live_what_replay_would_say(tmp_path: Path) -> None:
    """The same rule, once in shadow and once in another bundle: one finding, one change, no effect."""
    shadow = (
        RULES
        + '  - id: no-mail\n    effect: deny\n    when: action.name == "send"\n    message: No.\n    mode: shadow\n'
    )
    requests = [asks(REMINDER, "send", "mailbox"), asks(APPROVED)]
    data, (mail, read) = await record(tmp_path, requests, write(tmp_path / "live", {"rules/all.yaml": shadow}))
    assert mail.verdict.effect is read.verdict.effect is Effect.ALLOW
    assert [(f.source, f.would_be) for f in mail.verdict.shadow] == [("no-mail", Effect.DENY)]
    assert not read.verdict.shadow
    against = write(tmp_path / "against", {"rules/all.yaml": shadow.replace("    mode: shadow\n", "")})
    assert changes(replay(data, against)) == ["newly denied", ""]
