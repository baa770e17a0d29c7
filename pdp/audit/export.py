"""Records in the words of others: OCSF 1.3 events and CloudEvents 1.0, one JSON object each. Pure.

What is secret by design does not travel: sealed prompts and the salts of commitments stay in the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pdp.audit.record import Entry, Record, RecordKind
from pdp.types import Json

_Body = Mapping[str, Any]
_Event = dict[str, Json]

OCSF_VERSION: Final = "1.3.0"
API_ACTIVITY, AUTHORIZE_SESSION, DETECTION_FINDING = 6003, 3003, 2004
CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99

_ACTIVITIES: Final = {"read": READ, "write": UPDATE, "delete": DELETE, "execute": OTHER, "administer": OTHER}
_CATEGORIES: Final = {
    API_ACTIVITY: (6, "Application Activity", "API Activity"),
    AUTHORIZE_SESSION: (3, "Identity & Access Management", "Authorize Session"),
    DETECTION_FINDING: (2, "Findings", "Detection Finding"),
}
_INFORMATIONAL, _MEDIUM, _HIGH = 1, 3, 4
_SUCCESS, _FAILURE = 1, 2
_ALLOWED, _DENIED, _ACTION_OTHER = 1, 2, 99


def to_cloudevent(record: Record, origin: str) -> _Event:
    """CloudEvents 1.0 in its JSON format. ``origin`` names the log; with ``id``, the log index, it is unique."""
    entry = record.entry()
    return {
        "specversion": "1.0",
        "id": str(record.index),
        "source": f"urn:pdp:{origin}",
        "type": f"pdp.audit.{entry.kind.value}.v1",
        **({"subject": entry.ids[0]} if entry.ids else {}),
        "time": _rfc3339(entry.time),
        "datacontenttype": "application/json",
        "data": {"ids": entry.ids, "leaf": record.leaf.hex(), "body": _public(entry.body)},
    }


def to_ocsf(record: Record, origin: str, version: str) -> list[_Event]:
    """OCSF events: API Activity for what was asked and what ran, Authorize Session for each grant issued, Detection
    Finding for kills and for effects that no grant covers. ``version`` is that of the program.
    """
    entry = record.entry()
    base = _Base(record, entry, origin, version)
    if entry.kind is RecordKind.DECISION:
        claims = entry.body.get("grant")
        return [_decision(base), *([_grant(base, claims)] if isinstance(claims, Mapping) else [])]
    if entry.kind is RecordKind.GRANT:
        return [_grant(base, base.body["claims"])]
    if entry.kind is RecordKind.OUTCOME:
        disagrees = base.body.get("agreement") == "disagree"
        found = [_finding(base, "An effect outside its grant", _HIGH, str(base.body.get("text", "")))]
        return [_outcome(base), *(found if disagrees else [])]
    if entry.kind is RecordKind.REVOCATION and "withheld" not in base.body:
        return [_order(base)]
    return [_other(base)]


class _Base:
    """What every event of one record shares."""

    def __init__(self, record: Record, entry: Entry, origin: str, version: str) -> None:
        self.record = record
        self.entry = entry
        self.body: _Body = entry.body
        self._origin = origin
        self._version = version

    def event(self, class_uid: int, activity: int, severity: int = _INFORMATIONAL, *profiles: str) -> _Event:
        """The attributes that every class has."""
        category, category_name, name = _CATEGORIES[class_uid]
        metadata: _Event = {
            "version": OCSF_VERSION,
            "product": {"name": "pdp", "vendor_name": "pdp", "version": self._version},
            "uid": f"{self.record.index}",
            "log_name": self._origin,
            "sequence": self.record.index,
            "correlation_uid": str(self.body.get("decision_id") or (self.entry.ids or ("",))[0]),
        }
        if profiles:
            metadata["profiles"] = list(profiles)
        return {
            "activity_id": activity,
            "category_uid": category,
            "category_name": category_name,
            "class_uid": class_uid,
            "class_name": name,
            "type_uid": class_uid * 100 + activity,
            "severity_id": severity,
            "time": int(self.entry.time * 1000),
            "metadata": metadata,
            "unmapped": {"kind": self.entry.kind.value, "leaf": self.record.leaf.hex(), "body": _public(self.body)},
        }


def _decision(base: _Base) -> _Event:
    body, request = base.body, base.body["request"]
    effect, agent = str(body["effect"]), request["agent"]
    matched = str((body.get("matching") or {}).get("intent", ""))
    policy = {"uid": str(body.get("revision", "")), **({"name": matched} if matched else {})}
    actor = _actor(agent, (request.get("principal") or {}).get("id", ""))
    actor["authorizations"] = [{"decision": effect, "policy": policy}]
    return base.event(API_ACTIVITY, _activity(body), _INFORMATIONAL, "security_control") | {
        "actor": actor,
        "api": _api(_operation(request), body),
        "src_endpoint": {"uid": agent.get("instance") or agent["id"], "name": agent["id"]},
        "resources": [_resource(request["target"])],
        "status_id": _FAILURE if effect == "deny" else _SUCCESS,
        "status_detail": "; ".join(str(r["code"]) for r in body.get("reasons", ())),
        "action_id": {"allow": _ALLOWED, "deny": _DENIED}.get(effect, _ACTION_OTHER),
        **({"action": "Narrowed"} if effect == "narrow" else {}),
        "disposition_id": {"allow": 1, "deny": 2}.get(effect, 99),
    }


def _activity(body: _Body) -> int:
    claims: _Body = body.get("grant") or {}
    details: Sequence[_Body] = claims.get("authorization_details") or ({},)
    words = details[0].get("privileges") or ("",)
    return _ACTIVITIES.get(words[0], OTHER)


def _grant(base: _Base, claims: _Body) -> _Event:
    details = claims.get("authorization_details") or ()
    privileges = [f"{d['actions'][0]} {d['datatypes'][0]}/{d['identifier']}" for d in details]
    session: _Event = {"uid": str(claims.get("sid") or claims["jti"]), "expiration_time": int(claims["exp"] * 1000)}
    return base.event(AUTHORIZE_SESSION, 1) | {
        "user": {"uid": str(claims.get("sub", "")), "name": str(claims.get("sub", ""))},
        "actor": {"app_uid": str((claims.get("act") or {}).get("sub", ""))},
        "privileges": privileges,
        "session": session,
        "status_id": _SUCCESS,
    }


def _outcome(base: _Base) -> _Event:
    body = base.body
    request = body.get("request") or {}
    target = request.get("target") or {}
    return base.event(API_ACTIVITY, OTHER) | {
        "actor": {"app_uid": str(body.get("gateway") or "gateway")},
        "api": _api(_operation(request) or "outcome", body),
        "src_endpoint": {"name": str(body.get("gateway") or "gateway")},
        "resources": [_resource(target)] if target else [],
        "status_id": _SUCCESS if body.get("observed") == "occurred" else _FAILURE,
        "status_detail": f"{body.get('observed', '')}, {body.get('agreement', '')}",
    }


def _order(base: _Base) -> _Event:
    body = base.body
    what = f"{body.get('scope', '')} {body.get('value', '')}".strip()
    severity = _INFORMATIONAL if body.get("kind") == "lift" else _HIGH if body.get("kind") == "kill" else _MEDIUM
    return _finding(base, f"{body.get('kind', 'order')} of {what}", severity, str(body.get("reason", "")))


def _finding(base: _Base, title: str, severity: int, text: str) -> _Event:
    info: _Event = {"uid": f"{base.record.index}", "title": title, "created_time": int(base.entry.time * 1000)}
    info |= {"desc": text, "types": [str(base.body.get("cause") or base.entry.kind.value)]}
    return base.event(DETECTION_FINDING, CREATE, severity) | {"finding_info": info, "status_id": 1}


def _other(base: _Base) -> _Event:
    body = base.body
    who = str(body.get("by") or body.get("gateway") or "pdp")
    event = base.entry.kind.value + (f".{body['event']}" if body.get("event") else "")
    refused = bool(body.get("refusal")) or body.get("event") == "refused"
    return base.event(API_ACTIVITY, OTHER) | {
        "actor": {"app_uid": str(body.get("agent") or who)},
        "api": _api(event, body),
        "src_endpoint": {"name": who},
        "status_id": _FAILURE if refused else _SUCCESS,
    }


def _actor(agent: _Body, principal: str) -> _Event:
    actor: _Event = {"app_uid": str(agent["id"]), "app_name": str(agent["id"])}
    return actor | ({"user": {"uid": principal, "name": principal}} if principal else {})


def _operation(request: _Body) -> str:
    """The declared action; where only a native payload was given, its kind."""
    declared = str((request.get("action") or {}).get("name", ""))
    return declared or next(iter(request.get("payload") or ()), "")


def _api(operation: str, body: _Body) -> _Event:
    request = str(body.get("request_id") or body.get("decision_id") or "")
    return {
        "operation": operation or "unknown",
        **({"request": {"uid": request}} if request else {}),
        "service": {"name": str(body.get("gateway") or "pdp")},
    }


def _resource(target: _Body) -> _Event:
    return {"type": str(target.get("kind", "")), "name": str(target.get("name", ""))}


def _public(body: _Body) -> _Event:
    kept = dict(body)
    for field in ("utterance", "purpose"):
        if isinstance(kept.get(field), Mapping):
            kept[field] = {k: v for k, v in kept[field].items() if k not in {"salt", "sealed", "sealed_salt"}}
    return kept


def _rfc3339(time: float) -> str:
    return dt.datetime.fromtimestamp(time, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
