"""Whether a narrowed request is within the request it came from: an independent check that shares no cutting code."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from pdp.policy.sql_rows import NoRowLimit, query_of, row_limit, without_limit
from pdp.types import CloudPayload, Json, JsonObject, McpPayload, NarrowedRequest, Payload, Request, SqlPayload


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: ``1`` equals ``1.0``, NaN itself, ``True`` no number; order counts in arrays only."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return left == right


def is_within(narrowed: NarrowedRequest, request: Request, raised: Collection[str] | None = None) -> bool:
    """Whether ``narrowed`` asks for nothing that ``request`` did not.

    Target and action are the same; a param may be gone, be a shorter list, a smaller number, or a bound where there
    was none. ``raised`` names the params with a lower bound, which alone may grow; ``None`` when that is not known:
    then any may.
    """
    if narrowed.target != request.target or narrowed.action.name != request.action.name:
        return False
    if narrowed.row_limit is not None and narrowed.row_limit < 0:
        return False
    return _params(narrowed.action.params, request.action.params, raised) and _payload(
        narrowed.payload, request.payload, raised
    )


def _params(new: JsonObject, old: JsonObject, raised: Collection[str] | None) -> bool:
    return all(_value(v, old.get(k), may_rise=raised is None or k in raised) for k, v in new.items())


def _value(new: Json, old: Json, *, may_rise: bool) -> bool:
    if same(new, old):
        return True
    if _is_number(new) and (old is None or _is_number(old)):
        return old is None or may_rise or new <= old  # type: ignore[operator]
    return _is_list(new) and _is_list(old) and _is_part(new, old)


def _is_part(new: Sequence[Json], old: Sequence[Json]) -> bool:
    """Whether ``new`` is ``old`` with elements left out; never emptied, as an empty list often means everything."""
    rest = iter(old)
    return bool(new) and all(any(same(n, o) for o in rest) for n in new)


def _payload(new: Payload | None, old: Payload | None, raised: Collection[str] | None) -> bool:
    match new, old:
        case McpPayload(), McpPayload():
            alike = replace(new, arguments={}) == replace(old, arguments={})
            return alike and _params(new.arguments, old.arguments, raised)
        case CloudPayload(), CloudPayload():
            return replace(new, params={}) == replace(old, params={}) and _params(new.params, old.params, raised)
        case SqlPayload(), SqlPayload():
            return replace(new, text="") == replace(old, text="") and (new.text == old.text or _fewer_rows(new, old))
        case _:
            return new == old


def _fewer_rows(new: SqlPayload, old: SqlPayload) -> bool:
    try:
        after, before = query_of(new.text, new.dialect), query_of(old.text, old.dialect)
        most, asked = row_limit(after), row_limit(before)
    except NoRowLimit:
        return False
    return most is not None and (asked is None or most <= asked) and without_limit(after) == without_limit(before)


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
