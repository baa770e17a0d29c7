"""``pdp.v1.SessionService``: callers open and end sessions, administrators see all of them and the agents."""

from __future__ import annotations

from pdp.server.guard import Call
from pdp.server.limits import parse
from pdp.server.runtime_points import SessionPoint
from pdp.v1 import session_pb2 as proto
from pdp.wire import Bounds
from pdp.wire.audit import limited
from pdp.wire.parts import named
from pdp.wire.session import (
    agent_report_to_proto,
    session_answer_to_proto,
    session_end_to_proto,
    session_request_from_proto,
    session_to_proto,
)
from pdp.wire.values import name, text


class SessionService:
    """Each handler reads the message, calls the point and writes the answer."""

    def __init__(self, point: SessionPoint, bounds: Bounds) -> None:
        self._point = point
        self._bounds = bounds

    async def start_session(self, raw: bytes, call: Call) -> proto.StartSessionResponse:
        """Open a session, or refuse it."""
        wanted = session_request_from_proto(parse(proto.StartSessionRequest, raw), self._bounds)
        return session_answer_to_proto(await self._point.start(wanted, call.caller, call.deadline))

    async def end_session(self, raw: bytes, call: Call) -> proto.EndSessionResponse:
        """End it and every grant of it."""
        message = parse(proto.EndSessionRequest, raw)
        session = named(message.session_id, "session_id", self._bounds)
        reason = text(message.reason, "reason", self._bounds.utterance_characters)
        return session_end_to_proto(await self._point.end(session, reason, call.caller, call.deadline))

    async def get_session(self, raw: bytes, call: Call) -> proto.Session:
        """How it stands."""
        session = named(parse(proto.GetSessionRequest, raw).session_id, "session_id", self._bounds)
        return session_to_proto(await self._point.get(session, call.caller))

    async def list_sessions(self, raw: bytes, _call: Call) -> proto.ListSessionsResponse:
        """Sessions, the newest first."""
        message = parse(proto.ListSessionsRequest, raw)
        agent, limit = name(message.agent, "agent", self._bounds), limited(message.limit)
        sessions = await self._point.list(only_open=message.open, agent=agent, limit=limit)
        return proto.ListSessionsResponse(sessions=map(session_to_proto, sessions))

    async def list_agents(self, raw: bytes, _call: Call) -> proto.ListAgentsResponse:
        """Every agent that was declared or seen."""
        parse(proto.ListAgentsRequest, raw)
        return proto.ListAgentsResponse(agents=map(agent_report_to_proto, await self._point.agents()))
