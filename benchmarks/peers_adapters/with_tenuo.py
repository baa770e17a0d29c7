"""tenuo: a warrant for one call, bound to its holder, checked where the call arrives (``Authorizer.authorize_one``).

The holder's proof of possession is made beforehand; its verification is timed. The arguments are those of the
question, so a question that asks for more than was granted is refused.
"""

from __future__ import annotations

import time
from typing import Any

from tenuo import Authorizer, Exact, Range, SigningKey, Warrant  # type: ignore[import-not-found]
from tenuo.exceptions import TenuoError  # type: ignore[import-not-found]

from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve

LIFE_SECONDS = 60


class Verified:
    """Warrants of one issuer; with ``kept`` they were decoded before, else they come as text with each call."""

    def __init__(self, cap: int, *, kept: bool) -> None:
        self._cap, self._kept = cap, kept
        self._issuer, self._holder = SigningKey.generate(), SigningKey.generate()
        self._authorizer = Authorizer(trusted_roots=[self._issuer.public_key])

    def prepare(self, question: Question) -> Any:
        """A warrant for what may be asked at most, and the proof for what is asked."""
        builder = Warrant.mint_builder().capability(
            "read", target=Exact(question.table), account=Exact(question.account), limit=Range.max_value(self._cap)
        )
        warrant = builder.holder(self._holder.public_key).ttl(LIFE_SECONDS).mint(self._issuer)
        arguments = {"target": question.table, "account": question.account, "limit": question.limit}
        proof = bytes(warrant.sign(self._holder, "read", arguments, int(time.time())))
        return (warrant if self._kept else str(warrant)), arguments, proof

    def decide(self, prepared: Any) -> str:
        """Signature, trust, expiry, constraints and proof."""
        given, arguments, proof = prepared
        try:
            warrant = given if self._kept else Warrant(given)
            self._authorizer.authorize_one(warrant, "read", arguments, proof)
        except TenuoError:
            return DENY
        return ALLOW


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """A warrant as it arrives, and one that was decoded before."""
    cap = settings["cap"]
    return {"warrant as it arrives": Verified(cap, kept=False), "warrant decoded before": Verified(cap, kept=True)}


if __name__ == "__main__":
    serve(build)
