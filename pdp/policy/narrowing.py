"""Cutting a request down to the scopes that apply to it.

Scopes combine without order: the smallest ``at_most``, the largest ``at_least``, what every ``one_of`` allows, every
``prefix``. A cut only takes away (invariant 3), or sets a bound where a param is absent or null; what cannot be cut
that way is a failure, and the request is denied:

=============  =======================================================================================================
at_most,       a number is clamped, an integer to an integer; an absent param is set to the bound, so that a
at_least       tool's default is bounded too; anything but a finite number fails
one_of         a list keeps the allowed values, a single value must be allowed; nothing left fails; absent stays absent
prefix         a list keeps the strings below the prefix, a single string must lie below it; nothing left fails
remove         the param goes away; together with another cut of the same param it fails
read_only      holds when the payload only reads; is flagged for the gateway without a payload; else fails
row_limit      written into a SQL query, else carried for the gateway; SQL that is no single query fails
=============  =======================================================================================================

The arguments of an MCP payload and the parameters of a cloud payload are cut like ``action.params``. A payload of
another kind cannot follow, so there a cut that would change a param fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pdp.policy.containment import is_within, same
from pdp.policy.extraction import path_form
from pdp.policy.model import Narrowing, NarrowKind, Scope
from pdp.policy.sql_rows import NoRowLimit, limit_rows
from pdp.types import (
    Access,
    CloudPayload,
    Derived,
    Json,
    JsonObject,
    McpPayload,
    NarrowedRequest,
    Payload,
    Request,
    SqlPayload,
)

__all__ = ["NarrowFailure", "Narrowed", "is_within", "narrow"]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What may run. ``changed`` is False when every cut already held and the gateway has nothing to enforce."""

    request: NarrowedRequest
    changed: bool


@dataclass(frozen=True, slots=True)
class NarrowFailure:
    """The request cannot be cut down as the scopes want; ``text`` says why."""

    text: str


class _Impossible(Exception):
    pass


@dataclass(slots=True)
class _Cut:
    """Everything that the scopes say about one param."""

    param: str
    most: float = math.inf
    least: float = -math.inf
    allowed: list[Json] | None = None
    prefixes: set[str] = field(default_factory=set)
    removed: bool = False

    @property
    def bounded(self) -> bool:
        return self.most < math.inf or self.least > -math.inf

    @property
    def limited(self) -> bool:
        return self.bounded or self.allowed is not None or bool(self.prefixes)


def narrow(request: Request, derived: Derived | None, scopes: Sequence[Scope]) -> Narrowed | NarrowFailure:
    """Apply every narrowing of ``scopes`` to ``request``. ``derived`` is what its payload really does."""
    # Sorted, so that even the words of a failure do not depend on the order of rules.
    narrowings = sorted((n for s in scopes for n in s.narrowings), key=lambda n: (n.param, n.kind.value, repr(n.value)))
    try:
        return _narrow(request, derived, narrowings)
    except _Impossible as error:
        return NarrowFailure(str(error))


def _narrow(request: Request, derived: Derived | None, narrowings: Sequence[Narrowing]) -> Narrowed:
    cuts = _collect(narrowings)
    params = _cut_all(cuts, request.action.params)
    cut = not same(params, request.action.params)
    payload = _cut_payload(request.payload, cuts, cut=cut)
    read_only = any(n.kind is NarrowKind.READ_ONLY for n in narrowings)
    flagged = read_only and not _only_reads(derived)
    most = _row_limit(narrowings)
    carried = False
    if most is not None:
        carried = not isinstance(payload, SqlPayload)
        payload = _limit_rows(payload, derived, most) if isinstance(payload, SqlPayload) else payload
    action = replace(request.action, params=params) if cut else request.action
    narrowed = NarrowedRequest(request.target, action, payload, read_only, most)
    return Narrowed(narrowed, cut or flagged or carried or payload != request.payload)


def _collect(narrowings: Iterable[Narrowing]) -> tuple[_Cut, ...]:
    cuts: dict[str, _Cut] = {}
    for n in narrowings:
        if n.kind not in {NarrowKind.READ_ONLY, NarrowKind.ROW_LIMIT}:
            _add(cuts.setdefault(n.param, _Cut(n.param)), n)
    for cut in cuts.values():
        _check(cut)
    return tuple(cuts[name] for name in sorted(cuts))


def _add(cut: _Cut, narrowing: Narrowing) -> None:
    value = narrowing.value
    match narrowing.kind:
        case NarrowKind.AT_MOST:
            cut.most = min(cut.most, _bound(value, cut.param))
        case NarrowKind.AT_LEAST:
            cut.least = max(cut.least, _bound(value, cut.param))
        case NarrowKind.ONE_OF:
            values: list[Json] = list(value) if isinstance(value, (list, tuple)) else [value]
            cut.allowed = values if cut.allowed is None else [v for v in cut.allowed if _among(v, values)]
        case NarrowKind.PREFIX:
            cut.prefixes.add(str(value))
        case _:
            cut.removed = True


def _check(cut: _Cut) -> None:
    if cut.least > cut.most:
        raise _Impossible(f"{cut.param} must be at least {_shown(cut.least)} and at most {_shown(cut.most)}")
    if cut.allowed is not None and not cut.allowed:
        raise _Impossible(f"no value of {cut.param} is allowed by every rule")
    if cut.removed and cut.limited:
        raise _Impossible(f"{cut.param} is removed by one rule and limited by another")


def _cut_all(cuts: Iterable[_Cut], params: JsonObject) -> JsonObject:
    cut_down: dict[str, Json] = dict(params)
    for cut in cuts:
        if cut.removed:
            cut_down.pop(cut.param, None)
            continue
        value = cut_down.get(cut.param)
        if value is not None or cut.bounded:
            cut_down[cut.param] = _cut_value(cut, value)
    return cut_down


def _cut_value(cut: _Cut, value: Json) -> Json:
    if cut.bounded:
        value = _clamp(cut, value)
    if isinstance(value, Mapping):
        raise _Impossible(f"{cut.param} is an object, which cannot be cut down")
    if isinstance(value, Sequence) and not isinstance(value, str):
        kept = [v for v in value if _allows(cut, v)]
        if value and not kept:
            raise _Impossible(f"nothing of {cut.param} is allowed: {_shown(value)}")
        return kept
    if not _allows(cut, value):
        raise _Impossible(f"{cut.param} may not be {_shown(value)}")
    return value


def _clamp(cut: _Cut, value: Json) -> Json:
    if value is None:
        return _whole(cut.most) if cut.most < math.inf else _whole(cut.least)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Impossible(f"{cut.param} must be a number to be bounded, and is {_shown(value)}")
    if cut.least <= value <= cut.most:
        return value
    whole = float(value).is_integer()
    if value > cut.most:
        clamped: float = math.floor(cut.most) if whole else _whole(cut.most)
    else:
        clamped = math.ceil(cut.least) if whole else _whole(cut.least)
    if not cut.least <= clamped <= cut.most:
        raise _Impossible(f"no whole number for {cut.param} lies between {_shown(cut.least)} and {_shown(cut.most)}")
    return clamped


def _allows(cut: _Cut, value: Json) -> bool:
    if cut.allowed is not None and not _among(value, cut.allowed):
        return False
    if cut.prefixes and not isinstance(value, str):
        raise _Impossible(f"{cut.param} must be text to lie below a prefix, and is {_shown(value)}")
    return all(is_below(str(value), prefix) for prefix in cut.prefixes)


def is_below(text: str, prefix: str) -> bool:
    r"""Whether ``text`` starts with ``prefix``.

    A prefix with a slash is a directory (or an URL down to one): ``text`` must lie in it both as written and in
    normal form (escapes decoded, ``\`` as ``/``, ``..`` resolved), whichever way a tool reads it, and ``/srv`` is
    not above ``/srvx``.
    """
    if "/" not in prefix:
        return text.startswith(prefix)
    scheme, mark, directory = prefix.partition("://")
    if mark:
        if not text.startswith(scheme + mark) or "\\" in text or "@" in text.removeprefix(scheme + mark).split("/")[0]:
            return False
        # An URL's host ends at its first slash; below it only a path may follow.
        return is_below("/" + text.removeprefix(scheme + mark).split("?")[0].split("#")[0], "/" + directory)
    return _lies_in(text, prefix) and _decoded_lies_in(text, prefix)


def _decoded_lies_in(text: str, prefix: str) -> bool:
    try:
        return _lies_in(path_form(text), prefix)
    except ValueError:
        return False


def _lies_in(path: str, directory: str) -> bool:
    segments, wanted = ([s for s in p.split("/") if s not in {"", "."}] for p in (path, directory))
    return (
        path.startswith("/") == directory.startswith("/")
        and segments[: len(wanted)] == wanted
        and _climbs_not(segments, len(wanted))
    )


def _climbs_not(segments: Sequence[str], floor: int) -> bool:
    height = floor
    for segment in segments[floor:]:
        height += -1 if segment == ".." else 1
        if height < floor:
            return False
    return True


def _cut_payload(payload: Payload | None, cuts: Sequence[_Cut], *, cut: bool) -> Payload | None:
    match payload:
        case None:
            return None
        case McpPayload():
            return replace(payload, arguments=_cut_all(cuts, payload.arguments))
        case CloudPayload():
            return replace(payload, params=_cut_all(cuts, payload.params))
        case _ if cut:
            kind = type(payload).__name__.removesuffix("Payload").lower()
            names = ", ".join(c.param for c in cuts)
            raise _Impossible(f"{names} cannot be cut inside a payload of kind {kind}")
        case _:
            return payload


def _only_reads(derived: Derived | None) -> bool:
    if derived is None:
        return False
    if derived.access is not Access.READ:
        raise _Impossible(f"only reading is allowed, and the payload's access is {derived.access.name.lower()}")
    return True


def _row_limit(narrowings: Iterable[Narrowing]) -> int | None:
    limits = [_bound(n.value, "row_limit") for n in narrowings if n.kind is NarrowKind.ROW_LIMIT]
    if any(limit < 0 for limit in limits):
        raise _Impossible("row_limit must not be negative")
    return math.floor(min(limits)) if limits else None


def _limit_rows(payload: SqlPayload, derived: Derived | None, most: int) -> SqlPayload:
    if derived is not None and derived.access is not Access.READ:
        raise _Impossible(
            f"a row limit needs a statement that only reads, and the access is {derived.access.name.lower()}"
        )
    dialect = derived.facts.get("dialect", payload.dialect) if derived is not None else payload.dialect
    try:
        text = limit_rows(payload.text, str(dialect), most)
    except NoRowLimit as error:
        raise _Impossible(f"row_limit: {error}") from error
    return payload if text == payload.text else replace(payload, text=text)


def _bound(value: Json, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Impossible(f"the bound of {name} is no number: {_shown(value)}")
    return value


def _whole(number: float) -> float:
    """``number`` as an integer where it is one, so that a bound looks as its author wrote it."""
    return int(number) if float(number).is_integer() else number


def _among(value: Json, values: Iterable[Json]) -> bool:
    return any(same(value, v) for v in values)


def _shown(value: Json) -> str:
    text = repr(_whole(value)) if isinstance(value, float) and math.isfinite(value) else repr(value)
    return text if len(text) <= 100 else text[:99] + "…"
