"""Which intents admit a request, by agent, target and action alone: the cut that runs before any model.

An intent admits a request when an entry of ``agents.yaml`` names the agent and the intent, the intent's own ``agents``
patterns name the agent, one of its ``targets`` covers the target, and one of its ``actions`` the action. Intents are
addressed by column, their place in ``Bundle.intents``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.policy.model import Bundle, Intent, TargetPattern
from pdp.types import Action, Target

Columns = NDArray[np.intp]

REMEMBERED_AGENTS = 4096
REMEMBERED_REQUESTS = 8192


def compile_pattern(patterns: Iterable[str]) -> Callable[[str], bool]:
    """One matcher for several shell-style patterns (``*`` any run, ``?`` one character; case-sensitive)."""
    literals = frozenset(p for p in patterns if "*" not in p and "?" not in p)
    wild = [_expression(p) for p in patterns if p not in literals]
    if not wild:
        return literals.__contains__
    match = re.compile("|".join(f"(?:{w})" for w in wild), re.DOTALL).fullmatch
    return lambda text: text in literals or match(text) is not None


def _expression(pattern: str) -> str:
    """A pattern as a regular expression that is matched in time linear in the text, which comes from the caller.

    The first place where a piece between two stars fits is as good as any later one, so it is never tried again:
    without the atomic groups three stars and a name of a thousand characters take seconds.
    """
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*"))
    if not rest:
        return first
    *between, last = rest
    return f"{first}{''.join(f'(?>.*?{piece})' for piece in between if piece)}.*{last}"


@dataclass(frozen=True, slots=True)
class Row:
    """One intent, ready to match."""

    agents: Callable[[str], bool]
    actions: Callable[[str], bool]
    targets: tuple[tuple[Callable[[str], bool], Callable[[str], bool]], ...]

    @classmethod
    def of(cls, intent: Intent) -> Row:
        """Compile the patterns of ``intent``."""
        return cls(
            compile_pattern(intent.agents),
            compile_pattern(intent.actions),
            tuple(_target(t) for t in intent.targets),
        )

    def covers(self, kind: str, name: str) -> bool:
        """Whether one target pattern covers both kind and name."""
        return any(k(kind) and n(name) for k, n in self.targets)


def _target(pattern: TargetPattern) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    return compile_pattern((pattern.kind,)), compile_pattern((pattern.name,))


class Admission:
    """The compiled cut of one bundle. Immutable; what it remembers only saves time, never changes an answer."""

    def __init__(self, bundle: Bundle) -> None:
        self._rows = tuple(Row.of(i) for i in bundle.intents)
        self._agents = tuple((compile_pattern((a.id,)), compile_pattern(a.intents)) for a in bundle.agents)
        self._ids = tuple(i.id for i in bundle.intents)
        self._by_action: dict[str, tuple[int, ...]] = {}
        self._any_action = tuple(
            c for c, i in enumerate(bundle.intents) if any("*" in a or "?" in a for a in i.actions)
        )
        self._index_actions(bundle.intents)
        # Bounded memories of pure functions: an agent or a call that comes again is not matched again.
        self.usable = functools.lru_cache(REMEMBERED_AGENTS)(self._usable)
        self._admitted_again = functools.lru_cache(REMEMBERED_REQUESTS)(self._admitted)

    def _index_actions(self, intents: tuple[Intent, ...]) -> None:
        found: dict[str, list[int]] = {}
        for column, intent in enumerate(intents):
            for action in intent.actions:
                found.setdefault(action, []).append(column)
        self._by_action = {a: tuple(c) for a, c in found.items()}

    def _usable(self, agent: str) -> Columns | None:
        """Columns of the intents that ``agent`` may use; ``None`` when no entry names the agent."""
        named = [intents for is_agent, intents in self._agents if is_agent(agent)]
        if not named:
            return None
        columns = [
            c for c, intent in enumerate(self._ids) if self._rows[c].agents(agent) and any(has(intent) for has in named)
        ]
        return _columns(columns)

    def admitted(self, agent: str, target: Target, action: Action) -> Columns:
        """Columns of the intents that admit this agent, target and action, ascending."""
        return self._admitted_again(agent, target.kind, target.name, action.name)

    def _admitted(self, agent: str, kind: str, name: str, action: str) -> Columns:
        usable = self.usable(agent)
        if usable is None or usable.size == 0:
            return _columns([])
        mine = frozenset(usable.tolist())
        candidates = sorted({*self._by_action.get(action, ()), *self._any_action} & mine)
        columns = [c for c in candidates if self._rows[c].actions(action) and self._rows[c].covers(kind, name)]
        return _columns(columns)


def _columns(columns: list[int]) -> Columns:
    array = np.array(columns, dtype=np.intp)
    array.flags.writeable = False  # it is remembered and handed out again
    return array
