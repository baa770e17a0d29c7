"""This PDP as it is run: ``pdp serve`` over gRPC on the loopback, every answer recorded durably, its grant minted.

Beside it the echo, which sends each request back on the same stack and decides nothing.
"""

from __future__ import annotations

from typing import Any

import grpc

from benchmarks import echo
from benchmarks.peers_adapters.loop import ALLOW, DENY, NARROW, Question, Way, serve
from pdp.v1 import decision_pb2, types_pb2

DECIDE = "/pdp.v1.DecisionService/Decide"
EFFECTS = {types_pb2.EFFECT_ALLOW: ALLOW, types_pb2.EFFECT_NARROW: NARROW}


def message_of(question: Question, session: str) -> decision_pb2.DecideRequest:
    """The question as it is sent, within a session."""
    message = decision_pb2.DecideRequest(
        session_id=session,
        agent=types_pb2.Agent(id="bench"),
        utterance=question.text,
        target=types_pb2.Target(kind="table", name=question.table),
        action=types_pb2.Action(name="read"),
    )
    message.action.params.update({"account": question.account, "limit": question.limit})
    return message


class Remote:
    """One method of one server, one call at a time on one channel."""

    def __init__(self, address: str, method: str, answer: Any, session: str) -> None:
        self._session = session
        self._call = grpc.insecure_channel(address).unary_unary(
            method,
            request_serializer=decision_pb2.DecideRequest.SerializeToString,
            response_deserializer=answer.FromString,
        )

    def prepare(self, question: Question) -> Any:
        """The message."""
        return message_of(question, self._session)

    def decide(self, prepared: Any) -> str:
        """Send it and wait; what is allowed must come with its grant."""
        try:
            answer = self._call(prepared)
        except grpc.RpcError:  # any error is read as deny
            return DENY
        if not isinstance(answer, decision_pb2.DecideResponse):
            return ALLOW
        effect = EFFECTS.get(answer.effect, DENY)
        if effect != DENY and not answer.grant:
            raise RuntimeError("allowed without a grant")
        return effect


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """Echo and service."""
    session = settings["session"]
    return {
        "echo": Remote(settings["echo"], echo.METHOD, decision_pb2.DecideRequest, session),
        "decision": Remote(settings["service"], DECIDE, decision_pb2.DecideResponse, session),
    }


if __name__ == "__main__":
    serve(build)
