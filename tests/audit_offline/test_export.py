"""Other systems can read the trail: every event has what its standard requires, and nothing secret travels."""

import datetime as dt
import json
from typing import Any

import pytest

from pdp.audit.export import to_cloudevent, to_ocsf
from pdp.audit.merkle import leaf_hash
from pdp.audit.record import Entry, Record, RecordKind
from tests.audit_offline.logs import ORIGIN, START, claims, consumption, decision, outcome, revocation, session

# What OCSF 1.3.0 requires (schema.ocsf.io/1.3.0/classes/...), of every event and of each class.
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
REQUIRED = {
    6003: {"actor", "api", "src_endpoint"},
    3003: {"user"},
    2004: {"finding_info"},
}
ATTENUATED = Entry(RecordKind.GRANT, START, ("g1", "g7"), {"parent": "g1", "claims": claims(7)})
EVERY = {
    "session": session("started", 0),
    "allow": decision(1),
    "narrow": decision(1, "narrow"),
    "deny": decision(1, "deny"),
    "attenuated": ATTENUATED,
    "consumption": consumption(1, 2),
    "outcome": outcome(1, 2),
    "outside": outcome(1, 2, agreement="disagree", text="something else ran"),
    "kill": revocation("kill", "agent", "bot", 3),
    "lift": revocation("lift", "agent", "bot", 4),
    "withheld": Entry(RecordKind.REVOCATION, START, ("d1",), {"withheld": "d1"}),
    "activation": Entry(RecordKind.ACTIVATION, START, (), {"revision": "sha256:aa"}),
    "administration": Entry(RecordKind.ADMINISTRATION, START, (), {"event": "Activate", "by": "op"}),
    "erasure": Entry(RecordKind.ERASURE, START, ("alice",), {"subject": "alice"}),
    "reading": Entry(RecordKind.READING, START, (), {"by": "op", "method": "GetTrace", "id": "d1"}),
}
CLASSES = {
    "allow": [6003, 3003],
    "narrow": [6003, 3003],
    "deny": [6003],
    "attenuated": [3003],
    "outside": [6003, 2004],
    "kill": [2004],
    "lift": [2004],
}


def record(entry: Entry, index: int = 5) -> Record:
    stored = entry.to_bytes()
    return Record(index, entry.kind.value, entry.time, leaf_hash(stored), stored)


def ocsf(name: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(to_ocsf(record(EVERY[name]), ORIGIN, "1.2.3")))


def test_every_kind_of_record_is_covered() -> None:
    """A new kind needs a word in both formats."""
    assert {e.kind for e in EVERY.values()} == set(RecordKind)


@pytest.mark.parametrize("name", EVERY)
def test_ocsf_events_have_what_their_class_requires(name: str) -> None:
    """Category, type and the required attributes belong together."""
    events = ocsf(name)
    assert [e["class_uid"] for e in events] == CLASSES.get(name, [6003])
    for event in events:
        assert {*BASE, *REQUIRED[event["class_uid"]]} <= event.keys()
        assert event["category_uid"] == event["class_uid"] // 1000
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["time"] == int(EVERY[name].time * 1000)
        assert event["metadata"]["version"] == "1.3.0"
        assert event["metadata"]["product"]["vendor_name"]
        assert event["metadata"]["sequence"] == 5
    for event in (e for e in events if e["class_uid"] == 6003):
        assert event["api"]["operation"]
        assert event["actor"].get("app_uid")
        assert event["src_endpoint"].get("name")


@pytest.mark.parametrize("effect, action, status", [("allow", 1, 1), ("narrow", 99, 1), ("deny", 2, 2)])
def test_an_effect_keeps_its_meaning(effect: str, action: int, status: int) -> None:
    """Allowed, denied, and narrowed, which OCSF has no number for."""
    event = ocsf(effect)[0]
    assert (event["action_id"], event["status_id"]) == (action, status)
    assert event["actor"]["authorizations"] == [
        {"decision": effect, "policy": {"uid": "sha256:aa", "name": "billing-read"}}
    ]
    assert event["actor"]["user"]["uid"] == "alice"
    assert event["resources"] == [{"type": "table", "name": "invoices"}]


@pytest.mark.parametrize("name", EVERY)
def test_cloudevents_are_as_the_specification_says(name: str) -> None:
    """CloudEvents 1.0: required attributes, non-empty, a time of RFC 3339."""
    event = json.loads(json.dumps(to_cloudevent(record(EVERY[name]), ORIGIN)))
    assert event["specversion"] == "1.0"
    assert all(event[a] for a in ("id", "source", "type"))
    assert event["type"] == f"pdp.audit.{EVERY[name].kind.value}.v1"
    assert event.get("subject") != ""
    assert dt.datetime.fromisoformat(event["time"]).timestamp() == pytest.approx(EVERY[name].time)
    assert event["data"]["leaf"] == record(EVERY[name]).leaf.hex()


def test_salts_and_sealed_prompts_stay_in_the_log() -> None:
    """With the salt anybody could try prompts; the sealed text would outlive an erasure of the log."""
    kept = {"commitment": "aa", "salt": "SALT", "sealed": "SEALED", "subject": "alice", "characters": 3}
    for entry in (
        decision(1, utterance=kept),
        Entry(RecordKind.SESSION, START, (), {"event": "started", "purpose": kept}),
    ):
        text = json.dumps([to_cloudevent(record(entry), ORIGIN), *to_ocsf(record(entry), ORIGIN, "1")])
        assert "SALT" not in text
        assert "SEALED" not in text
        assert '"commitment": "aa"' in text
