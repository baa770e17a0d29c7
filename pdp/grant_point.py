"""What happens to a grant after it was issued: used, narrowed for a sub-agent, reported on."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from pdp import metrics
from pdp.audit.masking import mask
from pdp.audit.record import Entry, Record, RecordKind
from pdp.audit.transaction import Transaction
from pdp.errors import GrantRefused
from pdp.grant.canonical import action_digest
from pdp.grant.claims import to_claims
from pdp.grant.containment import Attenuation as Narrower
from pdp.grant.containment import attenuate, lies_in
from pdp.grant.keys import KeyRing
from pdp.grant.model import Actor, Grant
from pdp.grant.token import Opened, Wanted, mint, open_token, verify
from pdp.ledger import SESSIONS, Log
from pdp.orders import order_of
from pdp.outcomes import agreement
from pdp.policy.model import SessionSettings
from pdp.revocation.order import Op, Order
from pdp.revocation.table import Subjects
from pdp.runtime import (
    Agreement,
    Attenuation,
    AttenuationRequest,
    Caller,
    Consumption,
    OrderReceipt,
    OrderWanted,
    Outcome,
    OutcomeAnswer,
)
from pdp.session.state import consumed, over, reported
from pdp.session.stored import from_bytes, to_bytes
from pdp.session.trigger import due
from pdp.stopping import Revocations, Stopping
from pdp.trail import masked_claims, payload_document
from pdp.types import Action, Json, Payload, Target

GRANTS = "grant"
NO_DECISION = OutcomeAnswer(Agreement.ONE_SIDED, "something was reported, and the log has no decision of this id")
STRANGER = OutcomeAnswer(Agreement.ONE_SIDED, "it was decided for another gateway than the one that reports")


class Finder(Protocol):
    """Finds records by any of their ids."""

    def find(self, identifier: str, start: int = 0, limit: int = 100) -> tuple[Record, ...]:
        """Those that carry the id, in order."""


class Stops(Protocol):
    """Gives orders of the kill switch."""

    async def order(self, wanted: OrderWanted, by: str) -> OrderReceipt:
        """In force in every process before it returns."""


class GrantPoint:
    """``settings`` gives what the bundle in force says of sessions; the rest is as for ``SessionPoint``."""

    def __init__(
        self,
        log: Log,
        finder: Finder,
        revocations: Revocations,
        stops: Stops,
        keys: KeyRing,
        settings: Callable[[], SessionSettings],
        now: Callable[[], float],
        new_id: Callable[[], str],
        issuer: str,
        wait: float,
    ) -> None:
        self._log = log
        self._finder = finder
        self._revocations = revocations
        self._stopping = Stopping(stops.order, revocations)
        self._keys = keys
        self._settings = settings
        self._now = now
        self._new_id = new_id
        self._issuer = issuer
        self._wait = wait

    def keys(self) -> str:
        """The JSON Web Key Set."""
        return json.dumps(self._keys.jwks(self._now()))

    def holds(self, grant: str, caller: Caller) -> bool:
        """Whether no order speaks against a grant that was just issued to ``caller``."""
        now = self._now()
        try:
            self._demand_alive(open_token(grant, self._keys.public(now)), caller, now)
        except GrantRefused:
            return False
        return True

    async def consume(
        self,
        grant: str,
        target: Target,
        action: Action,
        payload: Payload | None,
        caller: Caller,
        deadline: float | None,
    ) -> Consumption:
        """Take one use, if there is one left. Raises ``AuditUnavailable`` when it cannot be written down."""
        now = self._now()
        try:
            digest = action_digest(target, action, payload)
            wanted = Wanted(issuer=self._issuer, audience=caller.name, digest=digest, certificate=caller.certificate)
            opened = open_token(grant, self._keys.public(now))
            found = verify(grant, self._keys.public(now), wanted, now)
            self._demand_alive(opened, caller, now)
        except GrantRefused as error:
            metrics.GRANTS.labels("refused").inc()
            return Consumption(consumed=False, refusal=error.fault, text=str(error))
        taken = await self._log.commit(lambda txn: self._take(txn, opened, caller, now), self._until(deadline))
        if not isinstance(taken, Consumption):
            raise TypeError(f"the log gave {type(taken).__name__}")
        # The use is taken and written down; what was killed meanwhile must not run for it.
        order = self._order(found, (opened.key_id,), caller, now) if taken.consumed else None
        if order is not None:
            taken = Consumption(consumed=False, refusal="revoked", text=_stopped(order), grant_id=found.id)
        metrics.GRANTS.labels("consumed" if taken.consumed else "refused").inc()
        if taken.refusal == "replayed":
            await self._stop("replay", _subjects(found, found.actors[0], (), caller), caller)
        return taken

    async def attenuate(self, wanted: AttenuationRequest, caller: Caller, deadline: float | None) -> Attenuation:
        """A narrower grant for a sub-agent; its uses are taken from the parent's."""
        now = self._now()
        try:
            opened = open_token(wanted.grant, self._keys.public(now))
            parent = opened.grant
            self._demand_own(parent, caller)
            self._demand_alive(opened, caller, now)
            child = attenuate(parent, _narrower(wanted, parent), now, self._new_id())
            entry = _handed_on(parent, child, caller, now)

            def job(txn: Transaction) -> None:
                _demand_left(txn, parent, now)
                txn.append(entry)

            await self._log.commit(job, self._until(deadline))
        except GrantRefused as error:
            return Attenuation(refusal=error.fault, text=str(error))
        key = self._keys.signing_key(now)
        order = self._order(child, (key.id,), caller, now)
        if order is not None:
            return Attenuation(refusal="revoked", text=_stopped(order))
        metrics.GRANTS.labels("attenuated").inc()
        return Attenuation(mint(child, key), child.id, float(child.expires_at))

    async def report(self, outcome: Outcome, caller: Caller, deadline: float | None) -> OutcomeAnswer:
        """Record what ran. An outcome without a decision is recorded too: it is what one would look for."""
        now = self._now()
        decision = await asyncio.to_thread(self._decision, outcome)
        answer = agreement(decision, outcome) if decision is not None else NO_DECISION
        session = str(decision["request"].get("session_id", "")) if decision is not None else ""
        if decision is not None and not lies_in(caller.name, str(decision["gateway"])):
            # What a stranger says is recorded; it neither counts in the session nor stops anybody.
            answer, session = STRANGER, ""
        body = _outcome_document(outcome, answer, session, caller)
        ids = tuple(dict.fromkeys(i for i in (outcome.decision_id, outcome.grant_id, session) if i))
        name, most = _report_name(body), _uses_of(decision)

        def job(txn: Transaction) -> None:
            stored = txn.get(SESSIONS, session) if session else None
            said = _taken(txn.get(GRANTS, name))
            counts = said < most
            if stored is not None and counts:
                txn.put(SESSIONS, session, to_bytes(reported(from_bytes(stored), outcome.rows, outcome.bytes)))
                txn.put(GRANTS, name, json.dumps([said + 1, math.floor(now)]).encode())
            # The same report again, as a retry sends it, is recorded and adds nothing to the session.
            again = {} if counts else {"counted": False}
            txn.append(Entry(RecordKind.OUTCOME, now, ids, {**body, **again}))

        await self._log.commit(job, self._until(deadline))
        metrics.OUTCOMES.labels(answer.agreement.value).inc()
        if decision is not None and answer.agreement is Agreement.DISAGREE:
            await self._stop("outcome", _decided(decision, session), caller)
        return answer

    def _take(self, txn: Transaction, opened: Opened, caller: Caller, now: float) -> Consumption:
        """Each use of an attenuated grant is one of those of the grants it came from, too.

        The orders are looked at again in here: no use stands in the log behind the kill that speaks against it.
        """
        grant, order = opened.grant, self._order(opened.grant, (opened.key_id,), caller, now)
        counts = [(grant.id, grant.uses), *((o.id, o.uses) for o in grant.origins)]
        taken = {name: _taken(txn.get(GRANTS, name)) for name, _ in counts}
        left = min(uses - taken[name] for name, uses in counts) - 1
        stored = txn.get(SESSIONS, grant.session) if grant.session else None
        state = from_bytes(stored) if stored is not None else None
        refusal, text = "", ""
        if left < 0:
            refusal, text = "replayed", f"every use of the grant is taken ({grant.uses} in all)"
        elif state is not None and over(state, now):
            refusal, text = "revoked", f"the session is over: {over(state, now)}"
        if order is not None:
            refusal, text = "revoked", _stopped(order)
        body: dict[str, Json] = {"grant_id": grant.id, "session_id": grant.session, "gateway": caller.name}
        if refusal:
            body["refusal"] = refusal
        else:
            body["uses_left"] = left
            for name, _ in counts:
                txn.put(GRANTS, name, json.dumps([taken[name] + 1, grant.expires_at]).encode())
            if state is not None and left == 0:
                txn.put(SESSIONS, grant.session, to_bytes(consumed(state, grant.id)))
        ids = tuple(i for i in (grant.id, grant.session, grant.decision) if i)
        txn.append(Entry(RecordKind.CONSUMPTION, now, ids, body))
        return Consumption(not refusal, max(left, 0), refusal, text, grant.id)

    def _demand_own(self, parent: Grant, caller: Caller) -> None:
        if parent.issuer != self._issuer:
            raise GrantRefused("wrong_issuer", f"the grant is of {parent.issuer}")
        if parent.audience != caller.name:
            raise GrantRefused("wrong_audience", f"the grant is for {parent.audience}, not for {caller.name}")
        if parent.certificate != caller.certificate:
            raise GrantRefused("wrong_holder", "the grant is bound to another client certificate, or to none")

    def _demand_alive(self, opened: Opened, caller: Caller, now: float) -> None:
        order = self._order(opened.grant, (opened.key_id,), caller, now)
        if order is not None:
            raise GrantRefused("revoked", _stopped(order))

    def _order(self, grant: Grant, keys: tuple[str, ...], caller: Caller, now: float) -> Order | None:
        """What speaks against a grant; quarantine leaves those that only read."""
        found: Order | None = None
        for actor in grant.actors:
            about = _subjects(grant, actor, keys, caller)
            for name in (grant.id, *(o.id for o in grant.origins)):
                found = found or self._against(replace(about, grant=name), grant, now)
        return found

    def _against(self, about: Subjects, grant: Grant, now: float) -> Order | None:
        order = self._revocations.find(about, now)
        return None if order is None or (order.op is Op.QUARANTINE and grant.detail.reads) else order

    async def _stop(self, cause: str, about: Subjects, caller: Caller) -> None:
        orders = [order_of(t, about) for t in due(self._settings().triggers, {cause})]
        await self._stopping.give(orders, f"pdp, asked by {caller.name}", self._now())

    def _decision(self, outcome: Outcome) -> Mapping[str, Any] | None:
        """The body of the decision's record, with the claims of the grant that was used."""
        for record in self._finder.find(outcome.decision_id):
            if record.kind == RecordKind.DECISION.value:
                body: Mapping[str, Any] = record.entry().body
                if body["decision_id"] == outcome.decision_id:
                    return {**body, **self._attenuated(outcome, body)}
        return None

    def _attenuated(self, outcome: Outcome, decision: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims of a grant that was attenuated from the decision's, if that was the one used."""
        if not outcome.grant_id or outcome.grant_id == decision.get("grant", {}).get("jti"):
            return {}
        for record in self._finder.find(outcome.grant_id):
            body: Mapping[str, Any] = record.entry().body
            if record.kind == RecordKind.GRANT.value and body["claims"]["jti"] == outcome.grant_id:
                known = body["claims"]["tctx"]["decision"] == outcome.decision_id
                return {"grant": body["claims"]} if known else {}
        return {}

    def _until(self, deadline: float | None) -> float:
        end = asyncio.get_running_loop().time() + self._wait
        return end if deadline is None else min(end, deadline)


def _subjects(grant: Grant, actor: Actor, keys: tuple[str, ...], caller: Caller) -> Subjects:
    return Subjects(
        grant=grant.id,
        session=grant.session,
        task=grant.task,
        agent=actor.agent,
        instance=actor.instance,
        principal=grant.principal,
        target_kind=grant.detail.target_kind,
        target_name=grant.detail.target_name,
        intent=grant.intent,
        gateway=caller.name,
        keys=keys,
    )


def _stopped(order: Order) -> str:
    return f"revoked by order {order.sequence} ({order.cause}): {order.reason}"


def _report_name(body: Mapping[str, Json]) -> str:
    """The same for the same report."""
    return "report:" + hashlib.sha256(json.dumps(body, sort_keys=True, default=dict).encode()).hexdigest()


def _uses_of(decision: Mapping[str, Any] | None) -> int:
    """How often the same thing may have happened under a decision."""
    claims = decision.get("grant") if decision is not None else None
    return int(claims.get("uses", 1)) if claims is not None else 1


def _taken(stored: bytes | None) -> int:
    return int(json.loads(stored)[0]) if stored is not None else 0


def _demand_left(txn: Transaction, parent: Grant, now: float) -> None:
    """Refuse to hand on what is used up, or is of a session that is over: elsewhere uses would count from nothing."""
    for name, uses in ((parent.id, parent.uses), *((o.id, o.uses) for o in parent.origins)):
        if _taken(txn.get(GRANTS, name)) >= uses:
            raise GrantRefused("replayed", f"every use of grant {name} is taken ({uses} in all)")
    stored = txn.get(SESSIONS, parent.session) if parent.session else None
    why = over(from_bytes(stored), now) if stored is not None else ""
    if why:
        raise GrantRefused("revoked", f"the session is over: {why}")


def _handed_on(parent: Grant, child: Grant, caller: Caller, now: float) -> Entry:
    claims = masked_claims(to_claims(child))
    body: dict[str, Json] = {"parent": parent.id, "claims": claims, "session_id": child.session, "by": caller.name}
    ids = tuple(i for i in (child.id, parent.id, child.session, child.decision) if i)
    return Entry(RecordKind.GRANT, now, ids, body)


def _decided(decision: Mapping[str, Any], session: str) -> Subjects:
    """Whom a recorded decision is about."""
    request = decision["request"]
    agent, principal = request["agent"], request.get("principal", {})
    return Subjects(
        session=session,
        agent=str(agent["id"]),
        instance=str(agent.get("instance", "")),
        principal=str(principal.get("id", "")),
    )


def _narrower(wanted: AttenuationRequest, parent: Grant) -> Narrower:
    target, detail = wanted.target, parent.detail
    if (target.kind or target.name) and (target.kind, target.name) != (detail.target_kind, detail.target_name):
        raise GrantRefused("not_contained", "another target than the parent's")
    if wanted.action.name and wanted.action.name != detail.action:
        raise GrantRefused("not_contained", "another action than the parent's")
    return Narrower(
        Actor(wanted.agent.id, wanted.agent.instance),
        life=max(1, int(wanted.seconds)) if wanted.seconds else None,
        uses=wanted.uses or None,
        audience=wanted.audience,
        params=wanted.action.params or None,
        read_only=wanted.read_only,
        row_limit=wanted.row_limit,
    )


def _outcome_document(outcome: Outcome, answer: OutcomeAnswer, session: str, caller: Caller) -> dict[str, Json]:
    ran: dict[str, Json] = {
        "target": {"kind": outcome.target.kind, "name": outcome.target.name, "attributes": outcome.target.attributes},
        "action": {"name": outcome.action.name, "params": outcome.action.params},
    }
    if outcome.payload is not None:
        ran["payload"] = payload_document(outcome.payload)
    return {
        "decision_id": outcome.decision_id,
        "grant_id": outcome.grant_id,
        "session_id": session,
        "gateway": caller.name,
        "observed": outcome.observed.value,
        "agreement": answer.agreement.value,
        "text": answer.text,
        "request": mask(ran)[0],
        "rows": outcome.rows,
        "bytes": outcome.bytes,
        "exit_code": outcome.exit_code,
        "operation_digest": outcome.operation_digest,
    }
