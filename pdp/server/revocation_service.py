"""``pdp.v1.RevocationService``: the kill switch. ``Watch`` is in ``pdp.server.watching``."""

from __future__ import annotations

import asyncio

from pdp.runtime import OrderReceipt
from pdp.server.guard import Call
from pdp.server.limits import parse
from pdp.server.runtime_points import RevocationPoint
from pdp.v1 import revocation_pb2 as proto
from pdp.wire import Bounds
from pdp.wire.revocation import orders_to_proto, receipt_to_proto, wanted_from_proto


class RevocationService:
    """Each handler reads the message, calls the point and writes the answer."""

    def __init__(self, point: RevocationPoint, bounds: Bounds) -> None:
        self._point = point
        self._bounds = bounds
        # The loop holds tasks weakly; these must live until they are done.
        self._under_way: set[asyncio.Task[OrderReceipt]] = set()

    async def kill(self, raw: bytes, call: Call) -> proto.OrderResponse:
        """Nothing of a scope is allowed any more."""
        return await self._order("kill", raw, call)

    async def quarantine(self, raw: bytes, call: Call) -> proto.OrderResponse:
        """Only reads are."""
        return await self._order("quarantine", raw, call)

    async def lift(self, raw: bytes, call: Call) -> proto.OrderResponse:
        """End a kill or quarantine."""
        return await self._order("lift", raw, call)

    async def list_orders(self, raw: bytes, _call: Call) -> proto.ListOrdersResponse:
        """What is in force."""
        parse(proto.ListOrdersRequest, raw)
        return orders_to_proto(self._point.orders())

    async def _order(self, kind: str, raw: bytes, call: Call) -> proto.OrderResponse:
        wanted = wanted_from_proto(parse(proto.OrderRequest, raw), kind, self._bounds)
        order = asyncio.ensure_future(self._point.order(wanted, call.caller.name))
        self._under_way.add(order)
        order.add_done_callback(self._under_way.discard)
        # Shielded: once it has arrived an order is carried out, also when whoever sent it is cut off.
        return receipt_to_proto(await asyncio.shield(order))
