"""Grants verified at the gateway, without asking anyone: with the PDP's public keys and what it revoked."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pdp.client.replays import Count, ReplaySet
from pdp.errors import GrantRefused
from pdp.grant.jwks import PublicKeys
from pdp.grant.model import LONGEST_LIFE, Grant
from pdp.grant.subjects import Subject, subjects_of
from pdp.grant.token import LEEWAY, MOST_BYTES, check_moment, check_place, open_token

MOST_KNOWN = 4_096


class RevocationFeed(Protocol):
    """What the PDP has revoked, as far as this gateway has heard. Called from many threads, once for every grant."""

    def revoked(self, subjects: Sequence[Subject], reads: bool, now: float) -> str | None:  # noqa: FBT001
        """Why nothing may be done for any of ``subjects``; None when nothing was revoked.

        ``reads`` is whether the grant can only read, which a quarantine lets pass.
        """

    @property
    def stale(self) -> str:
        """Whether the PDP was silent for too long: then every grant is refused."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who verifies: the audience that grants must name, the PDP that must have minted them, one's own certificate.

    ``certificate`` is the thumbprint (``x5t#S256``) of the client certificate that the gateway shows to the PDP;
    empty without one.
    """

    audience: str
    issuer: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    grant: Grant
    subjects: tuple[Subject, ...]
    counts: tuple[Count, ...]
    reads: bool


class GrantVerifier:
    """Says whether a grant holds for an action, and counts its uses. Safe to share between threads.

    ``started`` (Unix seconds) is when counting began, normally the start of the process: a grant issued before may
    have been used already and is refused. Add the leeway where clocks differ; 0 takes them all, for a gateway
    that lets the PDP count (``Consume``).
    """

    def __init__(
        self,
        gateway: Gateway,
        keys: PublicKeys,
        feed: RevocationFeed,
        started: float,
        leeway: float = LEEWAY,
        replays: ReplaySet | None = None,
    ) -> None:
        self._gateway = gateway
        self._keys = keys
        self._feed = feed
        self._started = started
        self._leeway = leeway
        self._replays = ReplaySet() if replays is None else replays
        self._known: dict[bytes, _Known] = {}
        self._lock = threading.Lock()

    def replace_keys(self, keys: PublicKeys) -> None:
        """Use ``keys`` from now on, and nothing that was verified with others."""
        with self._lock:
            self._keys = keys
            self._known = {}

    def verify(self, token: str, digest: str, now: float, task: str = "") -> Grant:
        """The grant, with one use taken, when it holds for the action with this ``action_digest``.

        Raises ``GrantRefused``; then the action must not run, and no use was taken.
        """
        known = self._hold(token, digest, now, task)
        self._replays.use(known.counts, now)
        return known.grant

    def recheck(self, token: str, digest: str, now: float, task: str = "") -> Grant:
        """The same for an action that runs already: takes no use. Raises ``GrantRefused`` once it must stop."""
        return self._hold(token, digest, now, task).grant

    def _hold(self, token: str, digest: str, now: float, task: str) -> _Known:
        if self._feed.stale:
            raise GrantRefused("stale", "the PDP was not heard from; nothing is let through until it is")
        known = self._open(token)
        check_moment(known.grant, digest, task, now, self._leeway)
        reason = self._feed.revoked(known.subjects, known.reads, now)
        if reason is not None:
            raise GrantRefused("revoked", reason)
        return known

    def _open(self, token: str) -> _Known:
        if len(token) > MOST_BYTES:
            raise GrantRefused("too_large", f"the token has {len(token)} bytes, more than {MOST_BYTES}")
        if not token.isascii():
            raise GrantRefused("malformed", "a token is ASCII text")
        name = hashlib.sha256(token.encode()).digest()
        known = self._known.get(name)
        if known is not None:
            return known
        keys = self._keys
        opened = open_token(token, keys)
        grant = opened.grant
        check_place(grant, self._gateway.issuer, self._gateway.audience, self._gateway.certificate)
        if not grant.issued_at >= self._started:
            raise GrantRefused("replayed", "the grant is older than this gateway's memory of what was used")
        known = _Known(grant, subjects_of(grant, opened.key_id), self._counts(grant), grant.detail.reads)
        self._keep(name, known, keys)
        return known

    def _counts(self, grant: Grant) -> tuple[Count, ...]:
        own = Count(grant.id, grant.uses, math.ceil(grant.expires_at + self._leeway))
        # When an origin ends is not known here, but it was issued before this grant.
        latest = math.ceil(grant.issued_at + LONGEST_LIFE + self._leeway)
        return (own, *(Count(o.id, o.uses, latest) for o in grant.origins))

    def _keep(self, name: bytes, known: _Known, keys: PublicKeys) -> None:
        with self._lock:
            if keys is not self._keys:
                return  # verified with keys that were replaced meanwhile
            if len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[name] = known
