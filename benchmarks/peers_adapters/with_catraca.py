"""catraca, mode B: the request text on the user's channel, then one call gated, with its evidence log.

Each question has a registry of its own, as each conversation has. Its making is not timed; the annotation is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catraca import (  # type: ignore[import-not-found]
    Caller,
    ChannelConfig,
    ContextRegistry,
    DeclarativePolicy,
    EvidenceLog,
    Gate,
    JsonlFileSink,
    MemorySink,
    Verdict,
)

from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve

CHANNELS = {"version": 1, "channels": {"user": {"integrity": "TRUSTED", "confidentiality": "*"}}}


class Gated:
    """A policy for so many tools and an evidence log in ``sink``."""

    def __init__(self, tools: int, cap: int, sink: Any) -> None:
        limit = {"integrity": "ANY", "type": "integer", "min": 1, "max": cap}
        tool = {"callers": {"tenants": ["acme"], "users": "*"}, "args": {"account": {}, "limit": limit}}
        names = [f"read.table-{n}" for n in range(tools)]
        self._policy = DeclarativePolicy.from_dict({"version": 1, "tools": dict.fromkeys(names, tool)})
        self._channels = ChannelConfig.from_dict(CHANNELS)
        self._caller = Caller(tenant="acme", user="ana")
        self._evidence = EvidenceLog(sink)

    def prepare(self, question: Question) -> Any:
        """A new conversation."""
        registry = ContextRegistry(self._channels)
        return registry, Gate(registry, self._policy, evidence=self._evidence), question

    def decide(self, prepared: Any) -> str:
        """Annotate the text, gate the call."""
        registry, gate, question = prepared
        registry.annotate(question.text, "user")
        arguments = {"account": question.account, "limit": question.limit}
        decision = gate.decide(f"read.{question.table}", arguments, caller=self._caller)
        return ALLOW if decision.verdict is Verdict.ALLOW else DENY


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """With the record in memory, and with the record on the disk before the answer."""
    path = Path(settings["data"]) / "catraca.jsonl"
    tools, cap = max(settings["rules"]), settings["cap"]
    return {
        "record in memory": Gated(tools, cap, MemorySink()),
        "record on disk": Gated(tools, cap, JsonlFileSink(path)),
    }


if __name__ == "__main__":
    serve(build)
