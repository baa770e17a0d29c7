"""On what terms a client asks: how long, how often, what it understands, and what an error becomes."""

from __future__ import annotations

import random
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from pdp.client.judgement import denied
from pdp.errors import AnswerUnusable, PdpError
from pdp.identifiers import new_id
from pdp.runtime import SessionRequest
from pdp.types import Decision, Request

# Whoever tries for days must not overflow a number.
MOST_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Terms:
    """``timeout`` (seconds) is for a call with all attempts. Only UNAVAILABLE is retried, ``attempts`` in all.

    Before attempt n the client waits ``draw()`` (from 0 to 1) of the pause ``first_pause`` · 2ⁿ, at most
    ``longest_pause``. ``understood`` holds the types of obligation that the gateway carries out: a narrow with any
    other is a deny. With ``raise_for_error`` an error is raised instead of becoming a deny.
    """

    timeout: float = 1.0
    attempts: int = 3
    first_pause: float = 0.02
    longest_pause: float = 0.25
    understood: Container[str] = frozenset()
    raise_for_error: bool = False
    draw: Callable[[], float] = random.random
    new_id: Callable[[], str] = new_id

    def pause(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number ``attempt``, counted from 0."""
        return float(min(self.first_pause * 2 ** min(attempt, MOST_DOUBLINGS), self.longest_pause) * self.draw())

    def named(self, request: Request) -> Request:
        """``request`` with an id: without one a second attempt could be decided twice."""
        return request if request.request_id else replace(request, request_id=self.new_id())

    def named_session(self, wanted: SessionRequest) -> SessionRequest:
        """``wanted`` with an id: without one a second attempt could open a second session."""
        return wanted if wanted.request_id else replace(wanted, request_id=self.new_id())

    def without_answer(self, request: Request, error: Exception) -> Decision:
        """The deny that stands for ``error``; raises it instead when the terms say so."""
        return denied(request, self.settled(error))

    def settled(self, error: Exception) -> PdpError:
        """``error`` as one of the tree, for a refusal; raises it instead when the terms say so."""
        known = error if isinstance(error, PdpError) else AnswerUnusable(f"{type(error).__name__} while asking")
        if self.raise_for_error:
            raise known
        return known
