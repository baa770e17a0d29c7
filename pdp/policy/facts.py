"""Facts: what a rule may ask about a request beyond its plain fields, computed before any rule runs.

They are computed in Python and handed to CEL as typed values, because a function called back from cel-expr-python 0.1.3
leaks about 110 bytes per call. ``docs/rules.md`` explains each fact with an example.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pdp.policy import extraction
from pdp.policy.cost import MOST_CHARACTERS, MOST_FACT_CHARACTERS, MOST_VALUES
from pdp.policy.grounding import Ground
from pdp.policy.model import Settings
from pdp.policy.windows import is_open
from pdp.types import Json, JsonObject, Request

Needed: TypeAlias = Mapping[str, frozenset[str] | None]
"""Names of facts, each with the params it is needed for; ``None`` means all."""

FactValue: TypeAlias = int | list[str] | dict[str, bool] | dict[str, list[str]]

MOST_SEARCHED: Final = 262_144
"""Characters in one param that are searched for addresses, hosts and paths."""

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


class FactType(enum.Enum):
    """The CEL type of a fact."""

    NUMBER = "int"
    STRINGS = "list(string)"
    FLAGS = "map(string, bool)"
    STRINGS_BY_PARAM = "map(string, list(string))"


class Unusable(Exception):
    """A fact cannot be told for this request; the text says why. Every rule that names the fact fails."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that were asked for; one that could not be told is in ``unusable``, with the reason, instead."""

    values: Mapping[str, FactValue] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """What facts are computed from. ``canonical``: the utterance in canonical form; ``now``: epoch seconds."""

    params: JsonObject
    canonical: str
    findings: Sequence[str]
    settings: Settings
    now: float


def compute(
    request: Request,
    canonical: str,
    findings: Sequence[str],
    settings: Settings,
    now: float,
    needed: Needed | None = None,
) -> Facts:
    """Compute the facts named in ``needed`` (``None``: all). Pure; never raises for anything a request holds."""
    params = request.action.params
    values: dict[str, FactValue] = {}
    unusable: dict[str, str] = {}
    for name, keys in (EVERYTHING if needed is None else needed).items():
        chosen = params if keys is None else {k: params[k] for k in keys if k in params}
        try:
            values[name] = _bounded(FACTS[name].compute(Source(chosen, canonical, findings, settings, now)))
        except (Unusable, ValueError, OverflowError, OSError, KeyError) as error:
            unusable[name] = str(error)
    return Facts(values, unusable)


def _bounded(value: FactValue) -> FactValue:
    """``value``, when a rule may look at all of it (``pdp.policy.cost``)."""
    if isinstance(value, int):
        return value
    lists = [value] if isinstance(value, list) else [v for v in value.values() if isinstance(v, list)]
    values = (0 if isinstance(value, list) else len(value)) + sum(map(len, lists))
    if values > MOST_VALUES:
        raise Unusable(f"holds {values:,} values, at most {MOST_VALUES:,}")
    lengths = [len(s) for strings in lists for s in strings]
    if max(lengths, default=0) > MOST_FACT_CHARACTERS:
        raise Unusable(f"holds a string of {max(lengths):,} characters, at most {MOST_FACT_CHARACTERS}")
    if sum(lengths) > MOST_CHARACTERS:
        raise Unusable(f"holds {sum(lengths):,} characters, at most {MOST_CHARACTERS:,}")
    return value


def strings(value: Json) -> Iterator[str]:
    """Every string in ``value``, keys of objects too. Raises ``Unusable`` beyond ``MOST_SEARCHED`` characters."""
    searched = 0
    pending: list[Json] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            searched += len(item)
            if searched > MOST_SEARCHED:
                raise Unusable(f"a param holds more than {MOST_SEARCHED:,} characters, too many to search")
            yield item
        elif isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, Sequence):
            pending.extend(item)


Extract: TypeAlias = Callable[[str], Iterable[str]]


def _by_param(extract: Extract) -> Callable[[Source], FactValue]:
    def compute_fact(source: Source) -> FactValue:
        return {name: _distinct(f for s in strings(value) for f in extract(s)) for name, value in source.params.items()}

    return compute_fact


def _in_all(extract: Extract) -> Callable[[Source], FactValue]:
    return lambda source: _distinct(found for s in strings(source.params) for found in extract(s))


def _distinct(found: Iterable[str]) -> list[str]:
    return sorted(set(found))


def _domains(text: str) -> Iterator[str]:
    yield from (e.rpartition("@")[2] for e in extraction.emails(text))
    yield from (h for h in extraction.url_hosts(text) if not extraction.is_address(h))


def _hosts(text: str) -> Iterator[str]:
    yield from extraction.url_hosts(text)
    bare = extraction.bare_host(text)
    if bare:
        yield bare


def _paths(text: str) -> Iterator[str]:
    yield extraction.path_form(text)


def _grounded(source: Source) -> dict[str, bool]:
    ground = Ground.of(source.canonical)
    return {name: ground.holds(value) for name, value in source.params.items()}


def _ungrounded(source: Source) -> list[str]:
    return sorted(name for name, held in _grounded(source).items() if not held)


def _within(source: Source, value: Json, *, every: bool) -> list[str]:
    """Names of the networks that hold every address in ``value``, or at least a part of one."""
    found = {n for s in strings(value) for n in extraction.networks(s)}
    names = []
    for name, ranges in source.settings.networks.items():
        if every:
            inside = bool(found) and all(any(_holds(r, n) for r in ranges) for n in found)
        else:
            inside = any(r.overlaps(n) for r in ranges for n in found if r.version == n.version)
        if inside:
            names.append(name)
    return sorted(names)


def _holds(outer: extraction.Network, inner: extraction.Network) -> bool:
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _networks(*, every: bool) -> Callable[[Source], FactValue]:
    return lambda source: {n: _within(source, v, every=every) for n, v in source.params.items()}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its CEL type and how it is computed."""

    type: FactType
    compute: Callable[[Source], FactValue]


FACTS: Final[Mapping[str, Fact]] = {
    "grounded": Fact(FactType.FLAGS, _grounded),
    "ungrounded": Fact(FactType.STRINGS, _ungrounded),
    "emails": Fact(FactType.STRINGS_BY_PARAM, _by_param(extraction.emails)),
    "domains": Fact(FactType.STRINGS_BY_PARAM, _by_param(_domains)),
    "hosts": Fact(FactType.STRINGS_BY_PARAM, _by_param(_hosts)),
    "paths": Fact(FactType.STRINGS_BY_PARAM, _by_param(_paths)),
    "networks": Fact(FactType.STRINGS_BY_PARAM, _networks(every=True)),
    "touched_networks": Fact(FactType.STRINGS_BY_PARAM, _networks(every=False)),
    "all_emails": Fact(FactType.STRINGS, _in_all(extraction.emails)),
    "all_domains": Fact(FactType.STRINGS, _in_all(_domains)),
    "all_hosts": Fact(FactType.STRINGS, _in_all(_hosts)),
    "all_networks": Fact(FactType.STRINGS, lambda s: _within(s, s.params, every=True)),
    "windows": Fact(FactType.FLAGS, lambda s: {name: is_open(w, s.now) for name, w in s.settings.windows.items()}),
    "words": Fact(FactType.STRINGS, lambda s: _distinct(_WORD.findall(s.canonical.casefold()))),
    "characters": Fact(FactType.NUMBER, lambda s: len(s.canonical)),
    "findings": Fact(FactType.STRINGS, lambda s: sorted(set(s.findings))),
}
"""Every fact by name."""

EVERYTHING: Final[Needed] = dict.fromkeys(FACTS)
"""All facts, for all params."""
