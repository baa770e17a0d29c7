"""The real server again, and requests as a gateway makes them."""

from __future__ import annotations

from pdp.types import Action, Agent, Request, Target
from tests.server.conftest import running, serve

__all__ = ["running", "serve"]


def request(action: str = "read", **fields) -> Request:
    """A request; ``action`` chooses what the fake point does."""
    base = {
        "request_id": "",
        "agent": Agent("mail-agent"),
        "utterance": "Show my mail.",
        "target": Target("mailbox", "me"),
    }
    return Request(action=Action(action, {"max": 20}), **(base | fields))
