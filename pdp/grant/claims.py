"""The claims of a grant.

Names are those of draft-ietf-oauth-transaction-tokens (``txn``, ``scope``, ``tctx``), RFC 8693 (``act``), RFC 9396
(``authorization_details``), RFC 7800 and RFC 8705 (``cnf``), RFC 7519 (the rest). Our own are ``sid`` and ``tid``
(session and task), ``uses``, ``rqd`` (the digest of the exact action) and ``origins``. Reading is strict: a claim that
is missing, of another type, or not known is refused by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pdp.grant.model import MOST_ACTORS, Actor, Detail, Grant, Origin, refuse
from pdp.types import Access, Json, JsonObject

DETAIL_TYPE = "pdp_action"

_ACCESS = {access.name.lower(): access for access in Access}
_T = TypeVar("_T")


def to_claims(grant: Grant) -> dict[str, Json]:
    """The claims. What is empty has none."""
    claims: dict[str, Json] = {
        "iss": grant.issuer,
        "aud": grant.audience,
        "sub": grant.principal,
        "act": _act(grant.actors),
        "iat": grant.issued_at,
        "nbf": grant.not_before,
        "exp": grant.expires_at,
        "jti": grant.id,
        "txn": grant.transaction,
        "scope": grant.intent,
        "authorization_details": [_detail_claims(grant.detail)],
        "uses": grant.uses,
        "rqd": grant.digest,
        "tctx": {"decision": grant.decision, "revision": grant.revision},
    }
    if grant.session:
        claims["sid"] = grant.session
    if grant.task:
        claims["tid"] = grant.task
    if grant.certificate:
        claims["cnf"] = {"x5t#S256": grant.certificate}
    if grant.origins:
        claims["origins"] = [{"jti": o.id, "uses": o.uses} for o in grant.origins]
    return claims


def _act(actors: Sequence[Actor]) -> JsonObject:
    act: dict[str, Json] = {}
    for actor in reversed(actors):
        inner = {"act": act} if act else {}
        act = {"sub": actor.agent, **({"instance": actor.instance} if actor.instance else {}), **inner}
    return act


def _detail_claims(detail: Detail) -> JsonObject:
    claims: dict[str, Json] = {
        "type": DETAIL_TYPE,
        "datatypes": [detail.target_kind],
        "identifier": detail.target_name,
        "actions": [detail.action],
        "privileges": [detail.access.name.lower()],
        "attributes": detail.attributes,
        "params": detail.params,
        "read_only": detail.read_only,
    }
    if detail.payload:
        claims["payload"] = detail.payload
    if detail.row_limit is not None:
        claims["row_limit"] = detail.row_limit
    if detail.bounds:
        claims["bounds"] = list(detail.bounds)
    return claims


def from_claims(claims: Mapping[str, Any]) -> Grant:
    """The grant that ``claims`` state. Raises ``GrantRefused`` (malformed), which names the claim."""
    c = _Members(claims, "")
    context = c.members("tctx")
    confirmed = c.members("cnf") if "cnf" in c else None
    grant = Grant(
        id=c.take("jti", str),
        issuer=c.take("iss", str),
        audience=c.take("aud", str),
        principal=c.take("sub", str),
        actors=_actors(c.members("act")),
        issued_at=c.number("iat"),
        not_before=c.take("nbf", int),
        expires_at=c.take("exp", int),
        transaction=c.take("txn", str),
        session=c.text("sid"),
        task=c.text("tid"),
        intent=c.take("scope", str),
        detail=_detail(c),
        digest=c.take("rqd", str),
        decision=context.take("decision", str),
        revision=context.take("revision", str),
        certificate="" if confirmed is None else confirmed.filled("x5t#S256"),
        uses=c.take("uses", int),
        origins=tuple(_origin(o) for o in c.take("origins", list)) if "origins" in c else (),
    )
    for members in (c, context, *(() if confirmed is None else (confirmed,))):
        members.end()
    return grant


def _actors(act: _Members) -> tuple[Actor, ...]:
    actors = []
    while True:
        actors.append(Actor(act.take("sub", str), act.text("instance")))
        inner = act.members("act") if "act" in act else None
        act.end()
        if inner is None:
            return tuple(actors)
        if len(actors) == MOST_ACTORS:
            refuse("act", f"must name from 1 to {MOST_ACTORS} agents")
        act = inner


def _origin(value: Any) -> Origin:
    members = _Members(value, "origins.")
    origin = Origin(members.take("jti", str), members.take("uses", int))
    members.end()
    return origin


def _detail(claims: _Members) -> Detail:
    d = _Members(_only(claims.take("authorization_details", list), "authorization_details"), "authorization_details.")
    if d.take("type", str) != DETAIL_TYPE:
        refuse("authorization_details.type", f"must be {DETAIL_TYPE}")
    detail = Detail(
        target_kind=_one_text(d, "datatypes"),
        target_name=d.take("identifier", str),
        action=_one_text(d, "actions"),
        attributes=d.nullable("attributes"),
        params=d.nullable("params"),
        payload=d.text("payload"),
        read_only=d.take("read_only", bool),
        row_limit=d.take("row_limit", int) if "row_limit" in d else None,
        bounds=_texts(d.take("bounds", list)) if "bounds" in d else (),
        access=_access(_one_text(d, "privileges")),
    )
    d.end()
    return detail


def _access(word: str) -> Access:
    if word not in _ACCESS:
        refuse("authorization_details.privileges", f"must be one of {', '.join(_ACCESS)}")
    return _ACCESS[word]


def _one_text(members: _Members, name: str) -> str:
    value = _only(members.take(name, list), f"authorization_details.{name}")
    if not isinstance(value, str):
        refuse(f"authorization_details.{name}", "must hold text")
    return value


def _texts(values: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(v, str) for v in values):
        refuse("authorization_details.bounds", "must hold text")
    return tuple(values)


def _only(values: list[Any], name: str) -> Any:
    if len(values) != 1:
        refuse(name, "must hold exactly one")
    return values[0]


class _Members:
    """The members of one JSON object, each taken once; ``end`` refuses what nobody took."""

    __slots__ = ("_left", "_prefix", "_values")

    def __init__(self, values: Any, prefix: str) -> None:
        if type(values) is not dict:
            refuse(prefix.rstrip(".") or "claims", "must be an object")
        self._values: dict[str, Any] = values
        self._left = len(values)
        self._prefix = prefix

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, kind: type[_T]) -> _T:
        """The member, whose type is exactly ``kind``: ``true`` is no number."""
        value = self._values.get(name, self)
        if isinstance(value, kind) and type(value) is kind:
            self._left -= 1
            return value
        return refuse(self._prefix + name, "is missing" if value is self else f"must be of type {kind.__name__}")

    def text(self, name: str) -> str:
        """A text that may be absent; when it is there it is not empty, so that there is one form only."""
        return self.filled(name) if name in self._values else ""

    def filled(self, name: str) -> str:
        """A text that is not empty."""
        return self.take(name, str) or refuse(self._prefix + name, "must not be empty")

    def number(self, name: str) -> float:
        """A number, whole or not."""
        return self.take(name, float if type(self._values.get(name)) is float else int)

    def members(self, name: str) -> _Members:
        """An object."""
        return _Members(self.take(name, dict), f"{self._prefix}{name}.")

    def nullable(self, name: str) -> JsonObject | None:
        """An object or null."""
        return self.take(name, type(None) if self._values.get(name, self) is None else dict)

    def end(self) -> None:
        """Refuse members that nobody took. All names are taken once, so counting is enough to notice."""
        if self._left:
            refuse(self._prefix.rstrip(".") or "claims", "holds a member that is not known")
