"""A grant: the right to run one exact action, for a short while, at one gateway."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pdp.errors import GrantRefused, LimitExceeded
from pdp.grant.canonical import canonical, payload_kind
from pdp.types import Access, JsonObject, NarrowedRequest

LONGEST_LIFE = 300
"""Seconds between ``iat`` and ``exp`` at most."""
MOST_USES = 1_000
MOST_ACTORS = 8
MOST_SHOWN = 2_048
"""Bytes of attributes, and of params, that a grant shows; larger ones only the digest holds to."""

_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Actor:
    """An agent that acts, or through which another does. ``instance`` is empty when it has no name."""

    agent: str
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """A grant that another was attenuated from, and how many uses it had when it was minted."""

    id: str
    uses: int


@dataclass(frozen=True, slots=True)
class Detail:
    """What may run, as people and rules read it; ``Grant.digest`` holds to the letter.

    ``attributes`` and ``params`` are ``None`` when they are larger than ``MOST_SHOWN``. ``payload`` is its kind,
    empty without one. ``row_limit`` is ``None`` without a limit. ``bounds`` names the params that are upper bounds
    or lists of what may be touched, so that less of them is less authority; no other param may be attenuated.
    ``access`` is what was derived from the payload, ``UNKNOWN`` without one.
    """

    target_kind: str
    target_name: str
    action: str
    attributes: JsonObject | None
    params: JsonObject | None
    payload: str = ""
    read_only: bool = False
    row_limit: int | None = None
    bounds: tuple[str, ...] = ()
    access: Access = Access.UNKNOWN

    @property
    def reads(self) -> bool:
        """Whether nothing can be changed with it: all that a quarantine leaves.

        What changes something by its own nature does so under ``read_only`` too, where a gateway cannot hold it back.
        """
        return self.access is Access.READ or (self.read_only and self.access is Access.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Grant:
    """Every claim. Times are Unix seconds. Raises ``GrantRefused`` (malformed) for what no grant may be.

    ``principal`` is the agent itself when it acts for nobody else. ``actors`` holds who acts now first, then through
    whom (RFC 8693, section 4.1). ``session`` and ``task`` are empty without a session, ``certificate`` without a
    client certificate. ``transaction`` is the same for everything that one request led to. ``origins`` are the
    grants it was attenuated from, the nearest first: each use of it is one of theirs too.
    """

    id: str
    issuer: str
    audience: str
    principal: str
    actors: tuple[Actor, ...]
    issued_at: float
    not_before: int
    expires_at: int
    transaction: str
    session: str
    task: str
    intent: str
    detail: Detail
    digest: str
    decision: str
    revision: str
    certificate: str = ""
    uses: int = 1
    origins: tuple[Origin, ...] = ()

    def __post_init__(self) -> None:
        """Hold to what is true of every grant, minted or read."""
        if not all((self.id, self.issuer, self.audience, self.principal, self.transaction, self.intent)):
            refuse("jti, iss, aud, sub, txn and scope", "must not be empty")
        if not 1 <= len(self.actors) <= MOST_ACTORS or not all(a.agent for a in self.actors):
            refuse("act", f"must name from 1 to {MOST_ACTORS} agents")
        if not self.not_before < self.expires_at or not 0 <= self.issued_at < self.expires_at:
            refuse("exp", "must be later than iat and nbf")
        if self.expires_at - self.issued_at > LONGEST_LIFE:
            refuse("exp", f"must be at most {LONGEST_LIFE} seconds after iat")
        if not 1 <= self.uses <= MOST_USES:
            refuse("uses", f"must be from 1 to {MOST_USES}")
        if len(self.origins) >= MOST_ACTORS or not all(o.id and 1 <= o.uses <= MOST_USES for o in self.origins):
            refuse("origins", f"must be fewer than {MOST_ACTORS} grants, each with an id and uses")
        if _DIGEST.fullmatch(self.digest) is None:
            refuse("rqd", "must be a SHA-256 digest, base64url")
        if self.certificate and _DIGEST.fullmatch(self.certificate) is None:
            refuse("cnf", "must hold a SHA-256 digest, base64url")
        if self.detail.row_limit is not None and self.detail.row_limit < 0:
            refuse("authorization_details.row_limit", "must not be negative")


def detail_of(narrowed: NarrowedRequest, access: Access = Access.UNKNOWN, bounds: Sequence[str] = ()) -> Detail:
    """What a grant for ``narrowed`` shows. Raises ``InvalidRequest`` for what is no JSON."""
    params = _shown(narrowed.action.params)
    return Detail(
        target_kind=narrowed.target.kind,
        target_name=narrowed.target.name,
        action=narrowed.action.name,
        attributes=_shown(narrowed.target.attributes),
        params=params,
        payload=payload_kind(narrowed.payload),
        read_only=narrowed.read_only,
        row_limit=narrowed.row_limit,
        bounds=tuple(sorted({b for b in bounds if params and b in params})),
        access=access,
    )


def _shown(values: JsonObject) -> JsonObject | None:
    if not values:
        return values
    try:
        return values if len(canonical(values).encode("utf-8", "surrogatepass")) <= MOST_SHOWN else None
    except LimitExceeded:
        return None


def refuse(claim: str, why: str) -> NoReturn:
    """Raise ``GrantRefused`` (malformed) about one claim."""
    raise GrantRefused("malformed", f"{claim}: {why}")
