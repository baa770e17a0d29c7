"""``pdp.v1.GrantService``: what gateways ask about a grant after it was issued."""

from __future__ import annotations

from pdp.server.guard import Call
from pdp.server.limits import parse
from pdp.server.runtime_points import GrantPoint
from pdp.v1 import grant_pb2 as proto
from pdp.wire import Bounds
from pdp.wire.grant import (
    attenuation_request_from_proto,
    attenuation_to_proto,
    consumption_to_proto,
    outcome_answer_to_proto,
    outcome_from_proto,
    use_from_proto,
)


class GrantService:
    """Each handler reads the message, calls the point and writes the answer."""

    def __init__(self, point: GrantPoint, bounds: Bounds) -> None:
        self._point = point
        self._bounds = bounds

    async def consume(self, raw: bytes, call: Call) -> proto.ConsumeResponse:
        """Take one use of a grant."""
        use = use_from_proto(parse(proto.ConsumeRequest, raw), self._bounds)
        consumption = await self._point.consume(
            use.grant, use.target, use.action, use.payload, call.caller, call.deadline
        )
        return consumption_to_proto(consumption)

    async def attenuate(self, raw: bytes, call: Call) -> proto.AttenuateResponse:
        """A narrower grant for a sub-agent."""
        wanted = attenuation_request_from_proto(parse(proto.AttenuateRequest, raw), self._bounds)
        return attenuation_to_proto(await self._point.attenuate(wanted, call.caller, call.deadline))

    async def get_keys(self, raw: bytes, _call: Call) -> proto.GetKeysResponse:
        """The public keys."""
        parse(proto.GetKeysRequest, raw)
        return proto.GetKeysResponse(jwks=self._point.keys())

    async def report_outcome(self, raw: bytes, call: Call) -> proto.ReportOutcomeResponse:
        """What really ran."""
        outcome = outcome_from_proto(parse(proto.ReportOutcomeRequest, raw), self._bounds)
        return outcome_answer_to_proto(await self._point.report(outcome, call.caller, call.deadline))
