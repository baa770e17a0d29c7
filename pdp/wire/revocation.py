"""Orders of the kill switch and the news of ``Watch``, to their protos and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pdp.errors import AnswerUnusable, InvalidRequest
from pdp.runtime import OrderReceipt, OrderReport, OrderWanted, WatchNews
from pdp.v1 import revocation_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.parts import named, seconds, sending
from pdp.wire.request import DEFAULT_BOUNDS
from pdp.wire.values import name, text

EVERYTHING = "everything"
LONGEST_WAIT = 60.0
"""An order waits at most this many seconds for gateways to acknowledge it."""

# The words are those of the protos in small letters; ``pdp.revocation`` has the same, which a test compares.
SCOPE_TO_PROTO: Mapping[str, proto.Scope] = {
    word.removeprefix("SCOPE_").lower(): getattr(proto, word) for word, number in proto.Scope.items() if number
}
SCOPE_FROM_PROTO: Mapping[int, str] = {int(number): word for word, number in SCOPE_TO_PROTO.items()}
KIND_TO_PROTO: Mapping[str, proto.OrderKind] = {
    word.removeprefix("ORDER_KIND_").lower(): getattr(proto, word) for word, number in proto.OrderKind.items() if number
}
KIND_FROM_PROTO: Mapping[int, str] = {int(number): word for word, number in KIND_TO_PROTO.items()}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a gateway says on ``Watch``: which instance it is (at first), and the newest order in force there."""

    instance: str = ""
    sequence: int = 0


def wanted_from_proto(message: proto.OrderRequest, kind: str, bounds: Bounds = DEFAULT_BOUNDS) -> OrderWanted:
    """Read an order of ``kind``. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    scope = SCOPE_FROM_PROTO.get(message.scope)
    if scope is None:
        raise InvalidRequest("scope", f"is not set or unknown; known are {', '.join(SCOPE_TO_PROTO)}")
    if (scope == EVERYTHING) == bool(message.value):
        raise InvalidRequest("value", f"name what the order is about; only the scope {EVERYTHING} has no value")
    return OrderWanted(
        kind=kind,
        scope=scope,
        value=name(message.value, "value", bounds),
        reason=text(message.reason, "reason", bounds.utterance_characters),
        cause=name(message.cause, "cause", bounds),
        seconds=seconds(message.seconds, "seconds"),
        wait=seconds(message.wait, "wait", LONGEST_WAIT),
    )


def wanted_to_proto(wanted: OrderWanted) -> proto.OrderRequest:
    """Write an order; its kind is the method. Raises ``InvalidRequest`` for what cannot travel."""
    scope = SCOPE_TO_PROTO.get(wanted.scope)
    if scope is None:
        raise InvalidRequest("scope", f"{wanted.scope!r} is unknown; known are {', '.join(SCOPE_TO_PROTO)}")
    with sending("order"):
        return proto.OrderRequest(
            scope=scope,
            value=wanted.value,
            reason=wanted.reason,
            cause=wanted.cause,
            seconds=wanted.seconds,
            wait=wanted.wait,
        )


def receipt_to_proto(receipt: OrderReceipt) -> proto.OrderResponse:
    """Write that an order is in force."""
    return proto.OrderResponse(
        sequence=receipt.sequence,
        durable=receipt.durable,
        audited=receipt.audited,
        acknowledged=receipt.acknowledged,
        pending=receipt.pending,
        stale=receipt.stale,
    )


def receipt_from_proto(message: proto.OrderResponse) -> OrderReceipt:
    """Read that an order is in force."""
    return OrderReceipt(
        message.sequence, message.durable, message.audited, message.acknowledged, message.pending, message.stale
    )


def order_to_proto(order: OrderReport) -> proto.Order:
    """Write an order that is in force."""
    return proto.Order(
        sequence=order.sequence,
        kind=KIND_TO_PROTO[order.kind],
        scope=SCOPE_TO_PROTO[order.scope],
        value=order.value,
        reason=order.reason,
        cause=order.cause,
        until=order.until,
        by=order.by,
        time=order.time,
    )


def order_from_proto(message: proto.Order) -> OrderReport:
    """Read an order. Raises ``AnswerUnusable`` for a word this version does not know: it must not be passed over."""
    kind, scope = KIND_FROM_PROTO.get(message.kind), SCOPE_FROM_PROTO.get(message.scope)
    if kind is None or scope is None:
        raise AnswerUnusable(f"order {message.sequence} has a kind or scope that this client does not know")
    return OrderReport(
        message.sequence,
        kind,
        scope,
        message.value,
        message.reason,
        message.cause,
        message.until,
        message.by,
        message.time,
    )


def orders_to_proto(found: tuple[int, tuple[OrderReport, ...]]) -> proto.ListOrdersResponse:
    """Write the newest sequence and what is in force."""
    return proto.ListOrdersResponse(sequence=found[0], orders=map(order_to_proto, found[1]))


def orders_from_proto(message: proto.ListOrdersResponse) -> tuple[int, tuple[OrderReport, ...]]:
    """Read the newest sequence and what is in force."""
    return message.sequence, tuple(map(order_from_proto, message.orders))


def news_to_proto(news: WatchNews) -> proto.WatchEvent:
    """Write what a watching gateway is told."""
    message = proto.WatchEvent(sequence=news.sequence, time=news.time)
    if news.orders is not None:
        message.snapshot.SetInParent()
        message.snapshot.orders.extend(map(order_to_proto, news.orders))
    elif news.order is not None:
        message.order.CopyFrom(order_to_proto(news.order))
    else:
        message.heartbeat.SetInParent()
    return message


def news_from_proto(message: proto.WatchEvent) -> WatchNews:
    """Read what a watching gateway is told. Raises ``AnswerUnusable`` for an event this version does not know."""
    match message.WhichOneof("event"):
        case "snapshot":
            orders = tuple(map(order_from_proto, message.snapshot.orders))
            return WatchNews(message.sequence, message.time, orders=orders)
        case "order":
            return WatchNews(message.sequence, message.time, order=order_from_proto(message.order))
        case "heartbeat":
            return WatchNews(message.sequence, message.time)
        case _:
            raise AnswerUnusable("the watch tells something that this client does not know")


def acknowledged_from_proto(message: proto.WatchRequest, bounds: Bounds = DEFAULT_BOUNDS) -> Acknowledged:
    """Read what a gateway says on ``Watch``."""
    return Acknowledged(name(message.instance, "instance", bounds), message.acknowledged)


def hello_from_proto(message: proto.WatchRequest, bounds: Bounds = DEFAULT_BOUNDS) -> Acknowledged:
    """The same for its first message. Raises ``InvalidRequest`` when it does not name the instance."""
    named(message.instance, "instance", bounds)
    return acknowledged_from_proto(message, bounds)


def acknowledged_to_proto(said: Acknowledged) -> proto.WatchRequest:
    """Write what a gateway says on ``Watch``. Raises ``InvalidRequest`` for what cannot travel."""
    with sending("instance"):
        return proto.WatchRequest(instance=said.instance, acknowledged=said.sequence)
