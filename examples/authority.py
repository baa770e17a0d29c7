"""Act two of the demo: one session, from its declared purpose to the proof of what it did.

An assistant starts a session, works with grants, drifts away from its purpose and is stopped; everything over gRPC
with a real server. What is shown is checked: ``DemoFailed`` as soon as anything is otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from examples.script import Script, read_script, within
from examples.serving import DemoFailed, address, process
from examples.trail import Place, Trail
from pdp.cli.output import STYLES, effect
from pdp.client import SHOW_ONLY, Client, Gateway, GrantVerifier, RevocationFeed, Terms
from pdp.errors import GrantRefused
from pdp.grant.canonical import action_digest
from pdp.grant.jwks import PublicKeys
from pdp.runtime import Agreement, Observed, Outcome
from pdp.types import Decision, Effect, ReasonCode, Request

TERMS = Terms(timeout=10.0, understood=SHOW_ONLY, raise_for_error=True)
GATEWAY, ISSUER = "loopback", "pdp"
MOST_ASTRAY = 16
"""So many requests beside the purpose at most; with the calibrated weights the seventh is refused for drift."""
CLEARLY = 0.4
"""From this drift on a request on purpose is sent in between. One request moves drift by an eighth at most, so it
comes to more than the 0.25 from which the bundle narrows, and less than the 0.6 from which it kills."""
PATIENCE = 10.0


def show(out: Console, bundle: Path, script: Path) -> None:
    """Play ``script`` on a server with ``bundle``. Raises ``DemoFailed``, ``PdpError`` or ``OSError``."""
    out.rule(Text("runtime authority: one session, from its purpose to the proof", style="bold"), style="dim")
    with TemporaryDirectory(prefix="pdp-demo-", ignore_cleanup_errors=True) as directory:
        place = Place(Path(directory))
        with process(bundle, place.data, "--prompts", "encrypted", "--anchor-file", str(place.anchor)) as server:
            feed = RevocationFeed()
            with Client(address(bundle.name, server), terms=TERMS) as client, client.watching(feed, "demo-gateway"):
                stage = Stage(out, client, feed, read_script(script))
                stage.play()
                place.key.write_text(client.checkpoint()[1] + "\n", encoding="utf-8")
        # Nothing runs any more: what follows needs the files alone.
        Trail(out, place).show(stage.used.decision_id)


def expect(held: bool, otherwise: str) -> None:  # noqa: FBT001
    """What is shown is so, or the demo ends."""
    if not held:
        raise DemoFailed(otherwise)


class Stage:
    """The live part. ``used`` is the decision whose grant was used."""

    used: Decision

    def __init__(self, out: Console, client: Client, feed: RevocationFeed, script: Script) -> None:
        self._out = out
        self._client = client
        self._feed = feed
        self._script = script
        self._session = ""

    def play(self) -> None:
        """The session, in order."""
        wait_for(lambda: not self._feed.stale, "the gateway heard nothing from the server")
        self._verifier = GrantVerifier(
            Gateway(GATEWAY, ISSUER), PublicKeys.read(self._client.keys()), self._feed, time.time()
        )
        self._start()
        granted = self._work()
        self._use(granted[-1])
        self._drift()
        self._stop(granted[0])

    def _start(self) -> None:
        opening = self._script.opening
        self._say("1", f"{opening.agent.id}/{opening.agent.instance} starts a session for {opening.principal.id}")
        answer = self._client.start_session(opening)
        expect(bool(answer.session_id), f"the session was refused: {answer.reasons}")
        missing = self._script.intents.difference(answer.intents)
        expect(not missing, f"the purpose does not give {', '.join(sorted(missing))}")
        self._session = answer.session_id
        self._out.print(f"   purpose    “{opening.purpose}”")
        self._out.print(f"   intents    {', '.join(answer.intents)}; nothing else can be used")
        self._out.print(f"   session    {answer.session_id}, for {answer.expires - time.time():.0f} s at most")

    def _work(self) -> list[tuple[Request, Decision]]:
        self._say("2", "it works; each answer carries a grant for exactly this, for a moment")
        found = [(request, self._ask(request)) for request in self._script.work]
        for request, decision in found:
            expect(decision.verdict.effect is Effect.ALLOW, f"“{request.utterance}” should be allowed")
            expect(decision.permit is not None, f"“{request.utterance}” came without a grant")
        return found

    def _use(self, granted: tuple[Request, Decision]) -> None:
        request, self.used = granted
        permit = self.used.permit
        if permit is None:
            raise DemoFailed("there is no grant to use")
        self._say("3", "the gateway verifies the last grant by itself, uses it up, and reports what ran")
        self._verify(request, permit.token)
        before = self._number("live_authority")
        consumed = self._client.consume(permit.token, request.target, request.action, request.payload)
        expect(consumed.consumed, f"the grant was not consumed: {consumed.text}")
        after = self._number("live_authority")
        expect(after < before, f"live authority should fall below {before:.0f}, and is {after:.0f}")
        outcome = Outcome(
            self.used.decision_id, Observed.OCCURRED, permit.id, request.target, request.action, request.payload,
            rows=1, bytes=212,
        )  # fmt: skip
        answer = self._client.report_outcome(outcome)
        expect(answer.agreement is Agreement.AGREE, f"the outcome should agree: {answer.text}")
        self._out.print(f"   consumed   {consumed.uses_left} uses left; what ran and what was decided agree")
        self._out.print(
            f"   live       authority {before:.0f} → {after:.0f}: seconds × sensitivity × breadth of grants"
        )

    def _verify(self, request: Request, token: str) -> None:
        digest = action_digest(request.target, request.action, request.payload)
        grant = self._verifier.verify(token, digest, time.time())
        left = grant.expires_at - time.time()
        self._out.print(f"   verified   {grant.id}: {grant.detail.action} for {left:.0f} s, {grant.uses} use, offline")
        other = self._script.work[0]
        wrong = self._refusal(token, action_digest(other.target, other.action, other.payload))
        expect(wrong == "wrong_action", f"the grant should not hold for another action: {wrong or 'it does'}")
        again = self._refusal(token, digest)
        expect(again == "replayed", f"the grant should hold once: {again or 'it holds again'}")
        self._out.print(f"   refused    for another action ({wrong}), and a second time ({again})")

    def _drift(self) -> None:
        self._say("4", "a text it read led it astray: its requests leave the purpose, though not the tools it may use")
        narrowed = False
        for request in islice(cycle(self._script.astray), MOST_ASTRAY):
            decision = self._ask(request)
            expect(decision.verdict.effect is Effect.DENY, f"“{request.utterance}” should be denied")
            if said(decision, ReasonCode.REVOKED):
                break
            if not narrowed and self._number("drift") >= CLEARLY and not said(decision, ReasonCode.DRIFTED):
                narrowed = True
                back = self._ask(self._script.on_purpose)
                expect(said(back, ReasonCode.NARROWED_BY_DRIFT), "a request on purpose should be narrowed for drift")
        self._orders()

    def _orders(self) -> None:
        _, orders = self._client.orders()
        mine = [o for o in orders if (o.scope, o.value) == ("session", self._session)]
        expect(bool(mine), f"the bundle did not stop the session within {MOST_ASTRAY} requests")
        for order in mine:
            self._out.print(f"   stopped    {order.kind} of the session, cause {order.cause}, by {order.by}")

    def _stop(self, unused: tuple[Request, Decision]) -> None:
        agent = self._script.opening.agent
        self._say("5", "an operator kills the agent's instance, until somebody has looked at it")
        value = f"{agent.id}/{agent.instance}"
        receipt = self._client.kill("instance", value, reason="led astray", wait=PATIENCE)
        expect(receipt.durable and receipt.audited, "the kill should be on disk and in the trail")
        expect(receipt.acknowledged >= 1 and not receipt.pending, "the watching gateway should have acknowledged")
        self._out.print(f"   killed     instance {value}: on disk, in the trail, {receipt.acknowledged} gateway knows")
        last = self._ask(self._script.on_purpose)
        expect(said(last, ReasonCode.REVOKED), "after the kill nothing should be allowed")
        request, decision = unused
        token = decision.permit.token if decision.permit else ""
        refused = self._refusal(token, action_digest(request.target, request.action, request.payload))
        expect(refused == "revoked", f"the gateway should refuse what is left: {refused or 'it holds'}")
        self._out.print("   refused    the first grant, never used: the gateway knows without asking (revoked)")

    def _ask(self, request: Request) -> Decision:
        decision = self._client.decide(within(request, self._session))
        self._out.print(Text.assemble("   ", *answered(request, decision)))
        return decision

    def _number(self, name: str) -> float:
        number = self._client.session(self._session).numbers[name]
        return float(number) if isinstance(number, (int, float)) else 0.0

    def _refusal(self, token: str, digest: str) -> str:
        try:
            self._verifier.verify(token, digest, time.time())
        except GrantRefused as refused:
            return refused.fault
        return ""

    def _say(self, number: str, text: str) -> None:
        self._out.print(Text(f"\n{number}  {text}", style="bold"))


def answered(request: Request, decision: Decision) -> Iterator[Text | tuple[str, str]]:
    """One line: effect, utterance, reasons."""
    verdict = decision.verdict
    yield effect(verdict.effect)
    yield " " * (11 - len(verdict.effect.value)), STYLES[verdict.effect]
    yield Text(f"{request.utterance}  ")
    yield ", ".join(r.code.value for r in verdict.reasons), "dim"


def said(decision: Decision, code: ReasonCode) -> bool:
    """Whether ``code`` is among the reasons."""
    return any(r.code is code for r in decision.verdict.reasons)


def wait_for(held: Callable[[], bool], otherwise: str) -> None:
    """Raises ``DemoFailed`` when it does not come to hold in time."""
    until = time.monotonic() + PATIENCE
    while not held():
        expect(time.monotonic() < until, otherwise)
        time.sleep(0.02)
