"""cedarpy: one permit and so many forbids, parsed once; the entities are parsed once too."""

from __future__ import annotations

from typing import Any

import cedarpy  # type: ignore[import-not-found]

from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve

PERMIT = 'permit(principal == Agent::"bench", action == Action::"read", resource is Table);\n'
FORBID = 'forbid(principal, action, resource == Table::"table-{n}") when {{ context.limit > {cap} }};\n'


class Rules:
    """A policy set of so many forbids."""

    def __init__(self, rules: int, cap: int) -> None:
        text = PERMIT + "".join(FORBID.format(n=n, cap=cap) for n in range(rules))
        self._policies = cedarpy.PolicySet.from_str(text)
        self._entities = cedarpy.Entities.from_json_str("[]")

    def prepare(self, question: Question) -> Any:
        """A request as the library takes it."""
        return {
            "principal": 'Agent::"bench"',
            "action": 'Action::"read"',
            "resource": f'Table::"{question.table}"',
            "context": {"account": question.account, "limit": question.limit},
        }

    def decide(self, prepared: Any) -> str:
        """What Cedar says."""
        return ALLOW if cedarpy.is_authorized(prepared, self._policies, self._entities).allowed else DENY


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """One way for each number of rules."""
    return {f"{n} rules": Rules(n, settings["cap"]) for n in settings["rules"]}


if __name__ == "__main__":
    serve(build)
