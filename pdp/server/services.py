"""The services: each handler reads the message, calls a point and writes the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from pdp.errors import NotReady
from pdp.server.answers import Answers
from pdp.server.guard import Call, refuse_late
from pdp.server.limits import Limits, check_items, parse
from pdp.server.points import AdministrationPoint, Note, Parts
from pdp.server.status import item_error, public_error
from pdp.v1 import administration_pb2, decision_pb2
from pdp.wire import decision_to_proto, explanation_to_proto, request_from_proto
from pdp.wire.administration import activation_to_proto, check_to_proto, edit_to_proto, status_to_proto

T = TypeVar("T")
R = TypeVar("R")


class DecisionService:
    """``pdp.v1.DecisionService`` without its stream."""

    def __init__(self, parts: Parts, limits: Limits, answers: Answers) -> None:
        self._point = parts.decisions
        self._revision = parts.revision
        self._observe = parts.observe
        self._limits = limits
        self._answers = answers
        self._grants = parts.runtime.grants if parts.runtime is not None else None

    async def decide(self, raw: bytes, call: Call) -> decision_pb2.DecideResponse:
        """One question, one answer."""
        return await self.answer(parse(decision_pb2.DecideRequest, raw), call)

    async def decide_batch(self, raw: bytes, call: Call) -> decision_pb2.DecideBatchResponse:
        """Independent questions; answers in the same places, an error stays with its item."""
        batch = parse(decision_pb2.DecideBatchRequest, raw)
        check_items(batch.items, self._limits.batch_items)
        before = self.in_force()
        items = await in_places(batch.items, partial(self._batch_item, call=call), self._limits.batch_in_flight)
        return decision_pb2.DecideBatchResponse(items=[self._standing_item(i, call, before) for i in items])

    async def explain(self, raw: bytes, call: Call) -> decision_pb2.ExplainResponse:
        """The same evaluation with a full trace."""
        message = parse(decision_pb2.ExplainRequest, raw)
        request = request_from_proto(message.request, self._limits.request, call.traceparent)
        return explanation_to_proto(await self._point.explain(request, call.caller, call.deadline))

    async def answer(self, question: decision_pb2.DecideRequest, call: Call) -> decision_pb2.DecideResponse:
        """Answer a parsed question, or repeat the answer it got a moment ago."""
        request = request_from_proto(question, self._limits.request, call.traceparent)

        async def work() -> decision_pb2.DecideResponse:
            return decision_to_proto(await self._point.decide(request, call.caller, call.deadline))

        return await self._answers.once(call.caller.name, question, self._revision, work)

    async def item(
        self, question: decision_pb2.DecideRequest, call: Call, method: str
    ) -> decision_pb2.DecideResponse | decision_pb2.ItemError:
        """Answer one of several questions; its error is a value here."""
        started = monotonic()
        try:
            answer = await self.answer(question, call)
            refuse_late(call.deadline)
        except Exception as problem:  # noqa: BLE001 - every error becomes the item's error; none may look like an answer
            error = public_error(problem, method)
            self._observe(method, error.code, monotonic() - started)
            return item_error(error)
        self._observe(method, "ok", monotonic() - started)
        return answer

    def in_force(self) -> str:
        """A word that changes with every order and activation."""
        return self._revision()

    def withdrawn(self, answer: decision_pb2.DecideResponse, call: Call, before: str) -> decision_pb2.ItemError | None:
        """The error in place of a granting answer that an order since ``before`` speaks against.

        An answer may wait for others to be ready, or for its turn to be written; nothing is granted after a kill.
        """
        if self._grants is None or not answer.grant or self.in_force() == before:
            return None
        if self._grants.holds(answer.grant, call.caller):
            return None
        return item_error(NotReady("an order of the kill switch came in before the answer went out; ask again"))

    def _standing_item(
        self, item: decision_pb2.DecideBatchItem, call: Call, before: str
    ) -> decision_pb2.DecideBatchItem:
        error = self.withdrawn(item.decision, call, before)
        return item if error is None else decision_pb2.DecideBatchItem(error=error)

    async def _batch_item(self, question: decision_pb2.DecideRequest, call: Call) -> decision_pb2.DecideBatchItem:
        result = await self.item(question, call, "DecideBatch.item")
        if isinstance(result, decision_pb2.ItemError):
            return decision_pb2.DecideBatchItem(error=result)
        return decision_pb2.DecideBatchItem(decision=result)


class AdministrationService:
    """``pdp.v1.AdministrationService``. What changes something is recorded with who did it."""

    def __init__(self, point: AdministrationPoint, note: Note) -> None:
        self._point = point
        self._note = note

    async def get_status(self, raw: bytes, _call: Call) -> administration_pb2.GetStatusResponse:
        """What is in force."""
        parse(administration_pb2.GetStatusRequest, raw)
        return status_to_proto(self._point.status())

    async def activate_bundle(self, raw: bytes, call: Call) -> administration_pb2.ActivateBundleResponse:
        """Bring a bundle into force."""
        message = parse(administration_pb2.ActivateBundleRequest, raw)
        done = await self._point.activate(_path(message.path), message.expected_revision)
        await self._note("ActivateBundle", call.caller.name, done.revision)
        return activation_to_proto(done)

    async def check_bundle(self, raw: bytes, _call: Call) -> administration_pb2.CheckBundleResponse:
        """The same without activating."""
        message = parse(administration_pb2.CheckBundleRequest, raw)
        return check_to_proto(await self._point.check(_path(message.path)))

    async def add_exemplar(self, raw: bytes, call: Call) -> administration_pb2.EditExemplarResponse:
        """Add an exemplar and activate."""
        message = parse(administration_pb2.AddExemplarRequest, raw)
        edit = await self._point.add_exemplar(message.intent, message.text, counter=message.counter)
        await self._note("AddExemplar", call.caller.name, f"{message.intent} {edit.position} {edit.revision}")
        return edit_to_proto(edit)

    async def remove_exemplar(self, raw: bytes, call: Call) -> administration_pb2.EditExemplarResponse:
        """Remove an exemplar and activate."""
        message = parse(administration_pb2.RemoveExemplarRequest, raw)
        edit = await self._point.remove_exemplar(message.intent, message.text, counter=message.counter)
        await self._note("RemoveExemplar", call.caller.name, f"{message.intent} {edit.position} {edit.revision}")
        return edit_to_proto(edit)


async def in_places(items: Sequence[T], work: Callable[[T], Awaitable[R]], at_once: int) -> list[R]:
    """``work`` for each item, at most ``at_once`` at a time; results in the places of their items (invariant 9)."""
    results: dict[int, R] = {}
    places = iter(range(len(items)))

    async def take() -> None:
        for place in places:
            results[place] = await work(items[place])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(items))):
            group.create_task(take())
    return [results[place] for place in range(len(items))]


def _path(text: str) -> Path | None:
    return Path(text) if text else None
