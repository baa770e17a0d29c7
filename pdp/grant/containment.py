"""Whether one grant is within another, and the narrower grant that a sub-agent gets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pdp.errors import GrantRefused
from pdp.grant.canonical import action_digest, canonical
from pdp.grant.model import Actor, Detail, Grant, Origin
from pdp.types import Action, Json, JsonObject, Target


@dataclass(frozen=True, slots=True)
class Attenuation:
    """What a sub-agent's grant should be; ``None`` and empty mean as in the grant it comes from.

    ``life`` is in seconds from now. ``params`` replaces the named ones and leaves the others as they are.
    """

    actor: Actor
    life: int | None = None
    uses: int | None = None
    audience: str = ""
    certificate: str = ""
    params: JsonObject | None = None
    read_only: bool = False
    row_limit: int | None = None


def attenuate(parent: Grant, wanted: Attenuation, now: float, new_id: str) -> Grant:
    """A grant named ``new_id`` within ``parent``, for ``wanted.actor``, who acts through the actors of ``parent``.

    Its uses are taken from those of ``parent``, which its origins name. Raises ``GrantRefused``: expired,
    not_yet_valid, not_contained (nothing is cut silently to what the parent allows), malformed.
    """
    if now >= parent.expires_at:
        raise GrantRefused("expired", f"grant {parent.id} ended {now - parent.expires_at:.0f} s ago")
    if now < parent.issued_at:
        raise GrantRefused("not_yet_valid", f"grant {parent.id} begins in {parent.issued_at - now:.0f} s")
    child = replace(
        parent,
        id=new_id,
        audience=wanted.audience or parent.audience,
        actors=(wanted.actor, *parent.actors),
        origins=(Origin(parent.id, parent.uses), *parent.origins),
        issued_at=now,
        not_before=max(parent.not_before, math.floor(now)),
        expires_at=parent.expires_at if wanted.life is None else math.floor(now) + wanted.life,
        uses=parent.uses if wanted.uses is None else wanted.uses,
        certificate=wanted.certificate or parent.certificate,
    )
    child = _narrowed(child, wanted)
    if not contains(parent, child):
        raise GrantRefused("not_contained", "; ".join(excess(parent, child)))
    return child


def _narrowed(grant: Grant, wanted: Attenuation) -> Grant:
    detail = replace(
        grant.detail,
        read_only=grant.detail.read_only or wanted.read_only,
        row_limit=grant.detail.row_limit if wanted.row_limit is None else wanted.row_limit,
    )
    if not wanted.params:
        return replace(grant, detail=detail)
    detail = replace(detail, params={**(detail.params or {}), **wanted.params})
    return replace(grant, detail=detail, digest=shown_digest(detail) or grant.digest)


def shown_digest(detail: Detail) -> str:
    """The digest of what ``detail`` shows; empty when it does not show everything that the digest covers."""
    if detail.payload or detail.params is None or detail.attributes is None:
        return ""
    target = Target(detail.target_kind, detail.target_name, detail.attributes)
    return action_digest(target, Action(detail.action, detail.params), None)


def contains(parent: Grant, child: Grant) -> bool:
    """Whether ``child`` permits nothing that ``parent`` does not. Reflexive and transitive."""
    return not excess(parent, child)


def excess(parent: Grant, child: Grant) -> tuple[str, ...]:
    """In what ``child`` goes beyond ``parent``: one text for each claim, none when it is within."""
    held = {
        "iss": child.issuer == parent.issuer,
        "aud": lies_in(child.audience, parent.audience),
        "sub": child.principal == parent.principal,
        "act": child.actors[-len(parent.actors) :] == parent.actors,
        "iat": child.issued_at >= parent.issued_at,
        "nbf": child.not_before >= parent.not_before,
        "exp": child.expires_at <= parent.expires_at,
        "txn": child.transaction == parent.transaction,
        "sid": child.session == parent.session,
        "tid": child.task == parent.task,
        "scope": child.intent == parent.intent,
        "tctx": (child.decision, child.revision) == (parent.decision, parent.revision),
        "cnf": parent.certificate in {"", child.certificate},
        "uses": child.uses <= parent.uses,
        "origins": _comes_from(child, parent),
        "authorization_details": _detail_within(child.detail, parent.detail),
        "rqd": _digest_within(parent, child),
    }
    return tuple(f"{claim} goes beyond the grant it comes from" for claim, within in held.items() if not within)


def _comes_from(child: Grant, parent: Grant) -> bool:
    """Whether it is the same grant or names it, so that its uses are counted and a revocation of it ends both."""
    known, line = ((Origin(g.id, g.uses), *g.origins) for g in (parent, child))
    tail = line[-len(known) :]
    return [o.id for o in tail] == [o.id for o in known] and all(
        new.uses <= old.uses for new, old in zip(tail, known, strict=True)
    )


def lies_in(audience: str, wider: str) -> bool:
    """Whether an instance (``gw:pg/i-3``) is the gateway ``wider`` (``gw:pg``) or one of its own."""
    return audience == wider or audience.startswith(wider.rstrip("/") + "/")


def _detail_within(new: Detail, old: Detail) -> bool:
    if replace(new, params=None, read_only=False, row_limit=None, bounds=(), attributes=None) != replace(
        old, params=None, read_only=False, row_limit=None, bounds=(), attributes=None
    ):
        return False
    fewer_rows = old.row_limit is None or (new.row_limit is not None and new.row_limit <= old.row_limit)
    return (
        same(new.attributes, old.attributes)
        and new.read_only >= old.read_only
        and fewer_rows
        and set(new.bounds) <= set(old.bounds)
        and _params_within(new.params, old.params, old.bounds)
    )


def _params_within(new: JsonObject | None, old: JsonObject | None, bounds: Sequence[str]) -> bool:
    """Whether every param is the same, or less and a bound. A param that went would leave a tool's default."""
    if new is None or old is None:
        return new is old
    if new.keys() != old.keys():
        return False
    return all(same(v, old[k]) or (k in bounds and _less(v, old[k])) for k, v in new.items())


def _less(new: Json, old: Json) -> bool:
    if _is_number(new) and _is_number(old):
        # Below zero "less" may mean the other way round (a payment becomes a refund).
        return 0 <= new <= old  # type: ignore[operator]
    return _is_list(new) and _is_list(old) and _is_part(new, old)  # type: ignore[arg-type]


def _is_part(new: Sequence[Json], old: Sequence[Json]) -> bool:
    """Whether ``new`` is ``old`` with elements left out; never emptied, as an empty list often means everything."""
    rest = iter(old)
    return bool(new) and all(any(same(n, o) for o in rest) for n in new)


def _digest_within(parent: Grant, child: Grant) -> bool:
    """Whether the digest is the same, or that of params which the detail shows to be within the parent's."""
    if same(child.detail.params, parent.detail.params):
        return child.digest == parent.digest
    return child.digest == shown_digest(child.detail) and parent.digest == shown_digest(parent.detail)


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: ``1`` equals ``1.0``, ``True`` is no number; order counts in lists only."""
    return canonical(left) == canonical(right)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, Mapping))


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
