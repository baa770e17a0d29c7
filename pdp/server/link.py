"""Supervisor and worker talk over a socket pair: requests and answers as JSON lines, both ways at once.

JSON and not the pipes of ``multiprocessing``, which unpickle what they receive and block while they do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pdp.errors import BundleError, NotReady, PdpError, Problem
from pdp.wire.failure import error_of

log = logging.getLogger(__name__)

Arguments = Mapping[str, Any]
Handler = Callable[[Arguments], Awaitable[Mapping[str, object] | None]]

# A bundle with thousands of mistakes is one line.
LINE_BYTES = 64 * 1024 * 1024


class Link:
    """One end. ``handlers`` answer what the other end asks; ``run`` must be awaited for anything to happen."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Mapping[str, Handler], name: str
    ) -> None:
        self.name = name
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._waiting: dict[int, asyncio.Future[Arguments]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._number = 0
        self._closed = False

    @classmethod
    async def over(cls, end: socket.socket, handlers: Mapping[str, Handler], name: str) -> Link:
        """A link over a connected socket, which it closes at the end. ``name`` is what errors call the other side."""
        reader, writer = await asyncio.open_connection(sock=end, limit=LINE_BYTES)
        return cls(reader, writer, handlers, name)

    async def call(self, method: str, **arguments: object) -> Arguments:
        """Ask the other end. Raises what its handler raised, and ``NotReady`` when it is gone."""
        if self._closed:
            raise NotReady(f"{self.name} has ended")
        self._number += 1
        number = self._number
        answer: asyncio.Future[Arguments] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._send({"call": method, "number": number, "arguments": arguments})
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def run(self) -> None:
        """Read until the other end closes; then everything that still waits for it gets ``NotReady``."""
        try:
            while line := await self._reader.readline():
                self._receive(json.loads(line))
        except (ConnectionError, ValueError) as error:
            log.warning("link broken", exc_info=error)
        finally:
            self.close()

    def close(self) -> None:
        """Close this end."""
        self._closed = True
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(NotReady(f"{self.name} has ended"))

    def _receive(self, message: Arguments) -> None:
        if "call" in message:
            task = asyncio.ensure_future(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            return
        answer = self._waiting.get(message["number"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(_unpacked(message["error"]))
        else:
            answer.set_result(message["answer"])

    async def _answer(self, message: Arguments) -> None:
        number = message["number"]
        try:
            answer = await self._handlers[message["call"]](message["arguments"])
        except PdpError as error:
            self._send({"number": number, "error": _packed(error)})
        except Exception:
            log.exception("link call failed", extra={"method": message["call"]})
            self._send({"number": number, "error": _packed(PdpError(f"{message['call']} failed; see the log"))})
        else:
            self._send({"number": number, "answer": answer or {}})

    def _send(self, message: Arguments) -> None:
        if not self._closed:
            self._writer.write(json.dumps(message).encode() + b"\n")


def _packed(error: PdpError) -> Arguments:
    problems = error.problems if isinstance(error, BundleError) else ()
    return {
        "code": error.code,
        "text": str(error),
        "problems": [[p.file, p.line, p.column, p.message, p.fix] for p in problems],
    }


def _unpacked(error: Arguments) -> PdpError:
    return error_of(error["code"], error["text"], tuple(Problem(*p) for p in error["problems"]))
