"""strathon: block policies in CEL, checked in the process by the SDK's enforcer, as its framework hooks do.

Policies are put in directly; a real SDK fetches them from the receiver every 30 s, outside the decision. The row limit
is given as a number: the framework hooks give the arguments as one JSON text, in which a rule can only search.
"""

from __future__ import annotations

from typing import Any

from strathon.policy.enforcer import PolicyEnforcer  # type: ignore[import-not-found]
from strathon.policy.types import Policy  # type: ignore[import-not-found]

from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve


class Rules:
    """So many policies, none of which matches an ordinary question: each is evaluated."""

    def __init__(self, rules: int, cap: int) -> None:
        self._enforcer = PolicyEnforcer("http://127.0.0.1:9")  # never started, so never asked
        self._enforcer.set_policies_for_testing([Policy.from_dict(_policy(n, cap)) for n in range(rules)])

    def prepare(self, question: Question) -> Any:
        """A span, as the SDK's hooks make it before a tool call."""
        return {
            "name": "agent.tool.read",
            "attrs": {
                "gen_ai.tool.name": f"read.{question.table}",
                "strathon.agent.id": "bench",
                "gen_ai.prompt": question.text,
                "account": question.account,
                "limit": question.limit,
            },
        }

    def decide(self, prepared: Any) -> str:
        """What the enforcer says."""
        return ALLOW if self._enforcer.check_policy(prepared).is_allow else DENY


def _policy(number: int, cap: int) -> dict[str, Any]:
    return {
        "id": f"cap-{number}",
        "project_id": "bench",
        "name": f"cap-{number:03}",
        "match_expression": f'attrs["gen_ai.tool.name"] == "read.table-{number}" && attrs["limit"] > {cap}',
        "action": "block",
    }


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """One way for each number of rules."""
    return {f"{n} rules": Rules(n, settings["cap"]) for n in settings["rules"]}


if __name__ == "__main__":
    serve(build)
