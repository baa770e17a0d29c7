"""Every call as a value: which method, what to send, how to read the answer. Shared by both clients."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from pdp.client.judgement import checked, denied
from pdp.errors import AnswerUnusable, PdpError
from pdp.reports import Activation, Check, Edit, Status
from pdp.types import Decision, Request
from pdp.v1 import administration_pb2 as administration
from pdp.v1 import decision_pb2 as decision
from pdp.wire import decision_from_proto, explanation_from_proto, request_to_proto
from pdp.wire.administration import activation_from_proto, check_from_proto, edit_from_proto, status_from_proto
from pdp.wire.failure import TRACEPARENT_KEY, error_of

R = TypeVar("R")

DECISIONS = "/pdp.v1.DecisionService/"
ADMINISTRATION = "/pdp.v1.AdministrationService/"
HEALTH = "/grpc.health.v1.Health/Check"
Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Operation(Generic[R]):
    """``kind`` is the answer's message, ``read`` turns it into a value. ``repeatable``: may be sent again."""

    method: str
    message: Message
    kind: type[Message]
    read: Callable[[Any], R]
    metadata: Metadata = ()
    repeatable: bool = True


def decide(request: Request, understood: Container[str]) -> Operation[Decision]:
    """One question."""

    def read(answer: decision.DecideResponse) -> Decision:
        return checked(decision_from_proto(answer), request, understood)

    message, metadata = request_to_proto(request), trace(request)
    return Operation(DECISIONS + "Decide", message, decision.DecideResponse, read, metadata)


def explain(request: Request, understood: Container[str]) -> Operation[Decision]:
    """One question, answered with its trace."""

    def read(answer: decision.ExplainResponse) -> Decision:
        return checked(explanation_from_proto(answer), request, understood)

    message = decision.ExplainRequest(request=request_to_proto(request))
    return Operation(DECISIONS + "Explain", message, decision.ExplainResponse, read, trace(request))


def decide_batch(requests: Sequence[Request], understood: Container[str]) -> Operation[tuple[Decision, ...]]:
    """Several questions; the decisions come in their places. A question that cannot be sent is denied by itself."""
    sent: list[tuple[int, Request, decision.DecideRequest]] = []
    answers: dict[int, Decision] = {}
    for place, request in enumerate(requests):
        try:
            sent.append((place, request, request_to_proto(request)))
        except PdpError as error:
            answers[place] = denied(request, error)

    def read(answer: decision.DecideBatchResponse) -> tuple[Decision, ...]:
        if len(answer.items) != len(sent):
            raise AnswerUnusable(f"{len(answer.items)} answers came to {len(sent)} questions")
        read_items = {
            place: item_decision(item, request, understood)
            for (place, request, _), item in zip(sent, answer.items, strict=True)
        }
        whole = answers | read_items
        return tuple(whole[place] for place in range(len(requests)))

    message = decision.DecideBatchRequest(items=[message for _, _, message in sent])
    metadata = trace(requests[0]) if requests else ()
    return Operation(DECISIONS + "DecideBatch", message, decision.DecideBatchResponse, read, metadata)


def item_decision(
    item: decision.DecideBatchItem | decision.DecideStreamResponse, request: Request, understood: Container[str]
) -> Decision:
    """One answer of a batch or stream; anything but a decision that holds together is a deny."""
    try:
        if item.WhichOneof("result") != "decision":
            error = item.error
            return denied(request, error_of(error.reason, error.message or "no answer", (), error.retry_after))
        return checked(decision_from_proto(item.decision), request, understood)
    except PdpError as error:
        return denied(request, error)


def status() -> Operation[Status]:
    """What is in force."""
    message = administration.GetStatusRequest()
    return Operation(ADMINISTRATION + "GetStatus", message, administration.GetStatusResponse, status_from_proto)


def activate(path: str, expected_revision: str) -> Operation[Activation]:
    """Bring a bundle into force."""
    message = administration.ActivateBundleRequest(path=path, expected_revision=expected_revision)
    kind = administration.ActivateBundleResponse
    return Operation(ADMINISTRATION + "ActivateBundle", message, kind, activation_from_proto, repeatable=False)


def check(path: str) -> Operation[Check]:
    """The same without activating."""
    message = administration.CheckBundleRequest(path=path)
    return Operation(ADMINISTRATION + "CheckBundle", message, administration.CheckBundleResponse, check_from_proto)


def add_exemplar(intent: str, text: str, *, counter: bool) -> Operation[Edit]:
    """Add an exemplar and activate."""
    message = administration.AddExemplarRequest(intent=intent, text=text, counter=counter)
    kind = administration.EditExemplarResponse
    return Operation(ADMINISTRATION + "AddExemplar", message, kind, edit_from_proto, repeatable=False)


def remove_exemplar(intent: str, text: str, *, counter: bool) -> Operation[Edit]:
    """Remove an exemplar and activate."""
    message = administration.RemoveExemplarRequest(intent=intent, text=text, counter=counter)
    kind = administration.EditExemplarResponse
    return Operation(ADMINISTRATION + "RemoveExemplar", message, kind, edit_from_proto, repeatable=False)


def health(service: str) -> Operation[bool]:
    """Whether a service is SERVING."""

    def read(answer: health_pb2.HealthCheckResponse) -> bool:
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    message = health_pb2.HealthCheckRequest(service=service)
    return Operation(HEALTH, message, health_pb2.HealthCheckResponse, read, repeatable=False)


def trace(request: Request) -> Metadata:
    """The metadata of a question."""
    return ((TRACEPARENT_KEY, request.traceparent),) if request.traceparent else ()
