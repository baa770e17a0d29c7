"""Do the records of a log fit each other? Each is taken in the order of the log, once.

Grants come from decisions that permit them, are narrower than their parents, and are used no more often, no later and
under no kill. What a record refers to is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pdp.audit.orders import Kills
from pdp.audit.report import FindingKind, Findings

LEEWAY: Final = 2.0
"""Seconds after its end in which a grant may still have been used: clocks of PDP and gateway differ."""

_GRANTED: Final = frozenset({"allow", "narrow"})
_ONE_SIDED: Final = "one-sided"
_SCOPES: Final = ("grant", "session", "task", "intent", "gateway", "principal")
_Body = Mapping[str, Any]


@dataclass(slots=True)
class _Grant:
    index: int
    decision: str
    session: str
    expires: float
    uses: int
    names: tuple[str, ...]
    """Of grant, session, task, intent, gateway, principal: in the order of ``_SCOPES``."""
    act: _Body
    details: Sequence[_Body]
    origins: tuple[str, ...]
    used: int = 0

    def subjects(self) -> Iterator[str]:
        """Everything that an order can be about. Asked for only when something is killed."""
        yield from (f"{scope}:{name}" for scope, name in zip(_SCOPES, self.names, strict=True) if name)
        actor = self.act
        while actor:
            yield from _agent(actor["sub"], actor.get("instance"))
            actor = actor.get("act") or {}
        for detail in self.details:
            yield f"target:{detail['datatypes'][0]}/{detail['identifier']}"


class CrossLinks:
    """The state after the records so far; what does not fit is added to ``findings``."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._kills = Kills()
        self._decisions: dict[str, str] = {}
        self._grants: dict[str, _Grant] = {}
        self._sessions: dict[str, bool] = {}
        self._after_kill: dict[str, tuple[int, str]] = {}
        self.incomplete = False
        """A record is missing or cannot be read: that another refers to it is no finding of its own."""
        self._takers = {
            "decision": self._decision,
            "grant": self._attenuated,
            "session": self._session,
            "consumption": self._consumption,
            "outcome": self._outcome,
            "revocation": self._revocation,
        }

    def take(self, index: int, kind: str, time: float, body: _Body) -> None:
        """The next record."""
        taker = self._takers.get(kind)
        if taker is None:
            return
        try:
            taker(index, time, body)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            self._findings.add(
                FindingKind.TAMPERED, index, f"the {kind} record {index} is not formed as one: {error!r}"
            )

    def end(self) -> None:
        """The log is read: what only later records could have explained stays unexplained."""
        for index, text in self._after_kill.values():
            self._add(FindingKind.DISAGREEMENT, index, text)
        self._after_kill.clear()

    def _add(self, kind: FindingKind, index: int, text: str) -> None:
        if kind is not FindingKind.GAP or not self.incomplete:
            self._findings.add(kind, index, text)

    def _decision(self, index: int, _: float, body: _Body) -> None:
        name, effect, claims = body["decision_id"], body["effect"], body.get("grant")
        if name in self._decisions:
            self._add(FindingKind.DISAGREEMENT, index, f"decision {name} is recorded twice, again in record {index}")
        self._decisions[name] = effect
        if effect not in _GRANTED:
            if claims:
                self._add(
                    FindingKind.DISAGREEMENT, index, f"decision {name} (record {index}) is {effect} and carries a grant"
                )
            return
        if not claims:
            self._add(FindingKind.GAP, index, f"decision {name} (record {index}) is {effect} and no grant goes with it")
        else:
            self._granted(index, name, claims)
        self._in_session(index, name, body["request"].get("session_id") or "")
        if self._kills:
            self._killed(index, name, body)

    def _granted(self, index: int, decision: str, claims: _Body) -> None:
        grant = _grant(index, claims)
        if grant.decision != decision:
            text = f"the grant {claims['jti']} in decision {decision} (record {index}) is of decision {grant.decision}"
            self._add(FindingKind.DISAGREEMENT, index, text)
        self._keep(index, claims["jti"], grant)

    def _keep(self, index: int, name: str, grant: _Grant) -> None:
        if name in self._grants:
            self._add(FindingKind.DISAGREEMENT, index, f"grant {name} is issued twice, again in record {index}")
        self._grants[name] = grant

    def _in_session(self, index: int, decision: str, session: str) -> None:
        if not session:
            return
        if session not in self._sessions:
            text = f"decision {decision} (record {index}) is in session {session}, whose start is not recorded"
            self._add(FindingKind.GAP, index, text)
        elif not self._sessions[session]:
            text = f"decision {decision} (record {index}) permits something in session {session} after its end"
            self._add(FindingKind.DISAGREEMENT, index, text)

    def _killed(self, index: int, name: str, body: _Body) -> None:
        kill = self._kills.find(_asked_by(body), float(body["now"]))
        if kill:
            text = f"decision {name} (record {index}) permits what record {kill.index} had killed ({kill.what})"
            self._after_kill[name] = (index, text)

    def _attenuated(self, index: int, _: float, body: _Body) -> None:
        claims, parent = body["claims"], self._grants.get(body["parent"])
        grant, name = _grant(index, claims), claims["jti"]
        self._keep(index, name, grant)
        if parent is None:
            text = f"grant {name} (record {index}) comes from grant {body['parent']}, which is not recorded"
            self._add(FindingKind.GAP, index, text)
        elif grant.expires > parent.expires or grant.uses > parent.uses or grant.session != parent.session:
            text = f"grant {name} (record {index}) is wider than its parent {body['parent']} (record {parent.index})"
            self._add(FindingKind.DISAGREEMENT, index, text)

    def _session(self, index: int, _: float, body: _Body) -> None:
        name, event = body.get("session_id", ""), body["event"]
        if event == "started":
            self._sessions[name] = True
        elif event == "ended":
            if name not in self._sessions:
                text = f"session {name} ends in record {index}, and its start is not recorded"
                self._add(FindingKind.GAP, index, text)
            self._sessions[name] = False

    def _consumption(self, index: int, time: float, body: _Body) -> None:
        if body.get("refusal"):
            return
        name = body["grant_id"]
        grant = self._grants.get(name)
        if grant is None:
            self._add(FindingKind.GAP, index, f"record {index} uses grant {name}, which is not recorded")
            return
        for why in self._misuses(grant, time):
            self._add(FindingKind.DISAGREEMENT, index, f"record {index} uses grant {name} {why}")
        # A use of an attenuated grant is one of those of the grants that it came from, too.
        for each in (name, *grant.origins):
            self._used_up(index, each)

    def _misuses(self, grant: _Grant, time: float) -> Iterator[str]:
        if time > grant.expires + LEEWAY:
            yield f"{time - grant.expires:.0f} s after its end"
        if grant.session and self._sessions.get(grant.session) is False:
            yield f"after the end of its session {grant.session}"
        kill = self._kills.find(grant.subjects(), time) if self._kills else None
        if kill:
            yield f"after record {kill.index} had killed {kill.what}"

    def _used_up(self, index: int, name: str) -> None:
        grant = self._grants.get(name)
        if grant is None:
            return
        grant.used += 1
        if grant.used > grant.uses:
            text = f"record {index} uses grant {name} once more than the {grant.uses} time(s) that it allows"
            self._add(FindingKind.DISAGREEMENT, index, text)

    def _outcome(self, index: int, _: float, body: _Body) -> None:
        # An outcome that nothing was decided for is recorded as one-sided when it comes: known then, and no fault now.
        if str(body.get("agreement", "")).replace("_", "-") == _ONE_SIDED:
            return
        decision, grant = body.get("decision_id") or "", body.get("grant_id") or ""
        if decision and decision not in self._decisions:
            self._add(FindingKind.GAP, index, f"record {index} reports on decision {decision}, which is not recorded")
        elif grant and grant not in self._grants:
            self._add(FindingKind.GAP, index, f"record {index} reports on grant {grant}, which is not recorded")

    def _revocation(self, index: int, time: float, body: _Body) -> None:
        withheld = body.get("withheld")
        if withheld:
            self._after_kill.pop(withheld, None)
        else:
            self._kills.take(index, time, body)


def _grant(index: int, claims: _Body) -> _Grant:
    get = claims.get
    session = get("sid", "")
    return _Grant(
        index,
        (get("tctx") or {}).get("decision", ""),
        session,
        float(claims["exp"]),
        int(get("uses", 1)),
        (claims["jti"], session, get("tid", ""), get("scope", ""), get("aud", ""), get("sub", "")),
        get("act") or {},
        get("authorization_details") or (),
        tuple([o["jti"] for o in get("origins") or ()]),
    )


def _agent(name: str, instance: str | None) -> Iterator[str]:
    yield f"agent:{name}"
    if instance:
        yield f"instance:{name}/{instance}"


def _asked_by(body: _Body) -> Iterator[str]:
    request = body["request"]
    yield from _agent(request["agent"]["id"], request["agent"].get("instance"))
    yield f"principal:{(request.get('principal') or {}).get('id', '')}"
    yield f"session:{request.get('session_id', '')}"
    yield f"task:{request.get('task', '')}"
    yield f"gateway:{body.get('gateway', '')}"
    yield f"target:{request['target']['kind']}/{request['target']['name']}"
    if body.get("grant"):
        yield from _grant(0, body["grant"]).subjects()
