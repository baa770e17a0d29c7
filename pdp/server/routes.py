"""Which method is answered by which handler, behind which guard."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller

import grpc
from google.protobuf.message import Message

from pdp.server.answers import Answers
from pdp.server.audit_service import AuditService
from pdp.server.grant_service import GrantService
from pdp.server.guard import Guard, Work, guarded
from pdp.server.identity import AccessList, Identify, identify_administrator, identify_caller
from pdp.server.limits import Deadlines, InFlight, Limits
from pdp.server.points import Parts
from pdp.server.revocation_service import RevocationService
from pdp.server.runtime_points import RuntimePoints
from pdp.server.services import AdministrationService, DecisionService
from pdp.server.session_service import SessionService
from pdp.server.stream import Serve, Stopping, decisions, guarded_stream
from pdp.server.watching import WatchService
from pdp.v1 import administration_pb2, audit_pb2, decision_pb2, grant_pb2, revocation_pb2, session_pb2

DECISIONS = decision_pb2.DESCRIPTOR.services_by_name["DecisionService"].full_name
ADMINISTRATION = administration_pb2.DESCRIPTOR.services_by_name["AdministrationService"].full_name
SESSIONS = session_pb2.DESCRIPTOR.services_by_name["SessionService"].full_name
GRANTS = grant_pb2.DESCRIPTOR.services_by_name["GrantService"].full_name
REVOCATIONS = revocation_pb2.DESCRIPTOR.services_by_name["RevocationService"].full_name
AUDIT = audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name
SERIALIZE: Callable[[Message], bytes] = methodcaller("SerializeToString")

Methods = dict[str, "grpc.RpcMethodHandler[bytes, Message]"]


class Routes:
    """The services of one process, by name. The first is asked first: the one that matters most."""

    def __init__(self, parts: Parts, access: AccessList, limits: Limits, answers: Answers, stopping: Stopping) -> None:
        self._parts = parts
        self._limits = limits
        self._stopping = stopping
        self._callers = identify_caller(access)
        self._administrators = identify_administrator(access)
        self._administering = self._guard(
            self._administrators, limits.administration_in_flight, limits.administration_deadline
        )
        self.services: dict[str, Methods] = {
            DECISIONS: self._decisions(answers),
            ADMINISTRATION: self._administration(),
        }
        if parts.runtime is not None:
            self._add_runtime(parts.runtime)

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """What gRPC takes."""
        return tuple(grpc.method_handlers_generic_handler(name, found) for name, found in self.services.items())

    def _guard(self, identify: Identify, in_flight: int, deadline: float) -> Guard:
        bound = InFlight(in_flight, self._limits.retry_after)
        return Guard(identify, bound, Deadlines(deadline, self._limits.shortest_deadline), self._parts.observe)

    def _decisions(self, answers: Answers) -> Methods:
        limits = self._limits
        guard = self._guard(self._callers, limits.in_flight, limits.default_deadline)
        service = DecisionService(self._parts, limits, answers)
        methods = _unary(guard, Decide=service.decide, DecideBatch=service.decide_batch, Explain=service.explain)
        stream = decisions(service, guard, limits.stream_in_flight, self._stopping)
        return {**methods, "DecideStream": _stream("DecideStream", stream, guard)}

    def _administration(self) -> Methods:
        service = AdministrationService(self._parts.administration, self._parts.note)
        return _unary(
            self._administering,
            GetStatus=service.get_status,
            ActivateBundle=service.activate_bundle,
            CheckBundle=service.check_bundle,
            AddExemplar=service.add_exemplar,
            RemoveExemplar=service.remove_exemplar,
        )

    def _add_runtime(self, points: RuntimePoints) -> None:
        # What goes with a decision has a bound of its own: sessions end and outcomes arrive also when Decide is full.
        asking = self._guard(self._callers, self._limits.in_flight, self._limits.default_deadline)
        self.services[SESSIONS] = self._sessions(points, asking)
        self.services[GRANTS] = self._grants(points, asking)
        self.services[REVOCATIONS] = self._revocations(points)
        self.services[AUDIT] = self._audit(points)

    def _sessions(self, points: RuntimePoints, asking: Guard) -> Methods:
        service = SessionService(points.sessions, self._limits.request)
        return {
            **_unary(
                asking,
                StartSession=service.start_session,
                EndSession=service.end_session,
                GetSession=service.get_session,
            ),
            **_unary(self._administering, ListSessions=service.list_sessions, ListAgents=service.list_agents),
        }

    def _grants(self, points: RuntimePoints, asking: Guard) -> Methods:
        service = GrantService(points.grants, self._limits.request)
        return _unary(
            asking,
            Consume=service.consume,
            Attenuate=service.attenuate,
            GetKeys=service.get_keys,
            ReportOutcome=service.report_outcome,
        )

    def _revocations(self, points: RuntimePoints) -> Methods:
        limits = self._limits
        ordering = self._guard(self._administrators, limits.order_in_flight, limits.administration_deadline)
        service = RevocationService(points.revocations, limits.request)
        methods = _unary(
            ordering,
            Kill=service.kill,
            Quarantine=service.quarantine,
            Lift=service.lift,
            ListOrders=service.list_orders,
        )
        watching = self._guard(self._callers, limits.watches, limits.default_deadline)
        watch = WatchService(
            points.revocations, limits.request, watching.in_flight, limits.watch_patience, self._stopping
        )
        return {**methods, "Watch": _stream("Watch", watch.serve, watching)}

    def _audit(self, points: RuntimePoints) -> Methods:
        service = AuditService(points.audit, self._limits.request)
        return _unary(
            self._administering,
            GetTrace=service.get_trace,
            ListRecords=service.list_records,
            GetCheckpoint=service.get_checkpoint,
            GetInclusionProof=service.get_inclusion_proof,
            GetConsistencyProof=service.get_consistency_proof,
            ForgetSubject=service.forget_subject,
        )


def _unary(guard: Guard, **methods: Work) -> Methods:
    # Requests stay bytes here: gRPC answers bytes it cannot parse with INTERNAL, a handler can say what is wrong.
    return {
        name: grpc.unary_unary_rpc_method_handler(guarded(name, work, guard), response_serializer=SERIALIZE)
        for name, work in methods.items()
    }


def _stream(method: str, serve: Serve, guard: Guard) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.stream_stream_rpc_method_handler(guarded_stream(method, serve, guard))
