"""A trace as a tree: sessions, in each its decisions, under each decision prompt, grant, uses and what ran."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from pdp.audit.record import RecordKind
from pdp.audit.tracing import Proof, Step, Trace
from pdp.cli.output import compact, effect
from pdp.types import Effect

_PROOFS = {
    Proof.PROVED: ("✓ proved", "green"),
    Proof.UNSIGNED: ("not signed for yet", "yellow"),
    Proof.WRONG: ("✗ PROOF WRONG", "bold red"),
}
_AGREEMENTS = {"agree": "green", "disagree": "bold red"}
_Body = Mapping[str, Any]
LONGEST_PAYLOAD = 120
"""Characters of a payload that are shown; ``--json`` has all of them."""


def draw(console: Console, trace: Trace, prompts: Mapping[int, str | None]) -> None:
    """Print the tree. ``prompts`` has opened prompts by log index, None where the key is gone."""
    head = trace.checkpoint
    signed = f"checkpoint of {head.size} records, {head.origin}" if head else "no checkpoint that a known key signed"
    root = Tree(Text.assemble((trace.id, "bold"), (f"  {signed}", "dim")))
    _Drawing(trace, prompts).fill(root)
    console.print(root)
    for observation in trace.observations:
        console.print(Text(f"{observation.kind.value}: {observation.text}", style="yellow"), soft_wrap=True)
    if trace.cut:
        console.print(Text("there is more; ask for one decision", style="yellow"))


class _Drawing:
    """Branches by what later records attach to: sessions, decisions and grants, by id."""

    def __init__(self, trace: Trace, prompts: Mapping[int, str | None]) -> None:
        self._trace = trace
        self._prompts = prompts
        self._sessions: dict[str, Tree] = {}
        self._decisions: dict[str, Tree] = {}
        self._grants: dict[str, Tree] = {}

    def fill(self, root: Tree) -> None:
        """Every record once, in the order of the log, where it belongs."""
        adders = defaultdict(
            lambda: self._other,
            {
                RecordKind.SESSION: self._session,
                RecordKind.DECISION: self._decision,
                RecordKind.GRANT: self._attenuated,
                RecordKind.CONSUMPTION: self._consumption,
                RecordKind.OUTCOME: self._outcome,
            },
        )
        for step in self._trace.steps:
            try:
                adders[step.entry.kind](root, step, step.entry.body)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                # Damaged or forged: what it says is worth nothing, that it is there is.
                root.add(_line(step, Text("not formed as a record of its kind", style="bold red")))

    def _session(self, root: Tree, step: Step, body: _Body) -> None:
        name, event = str(body.get("session_id", "")), str(body["event"])
        if event == "ended":
            text = Text(f"session ended: {body.get('reason', '')}".rstrip(": "))
            self._sessions.get(name, root).add(_line(step, text))
            return
        who = f"{body.get('agent', '')}" + (f" for {body['principal']}" if body.get("principal") else "")
        branch = root.add(_line(step, Text.assemble(f"session {event} ", (name, "bold"), f"  {who}")))
        if event == "started":
            self._sessions[name] = branch
        if isinstance(body.get("purpose"), dict):
            branch.add(self._kept("purpose", step.index, body["purpose"]))

    def _decision(self, root: Tree, step: Step, body: _Body) -> None:
        request, name = body["request"], str(body["decision_id"])
        parent = self._sessions.get(str(request.get("session_id", "")), root)
        matching = body.get("matching") or {}
        match = f"  {matching['intent']} {matching['score']:.2f}" if matching.get("intent") else ""
        branch = parent.add(
            _line(
                step, Text.assemble("decision ", effect(Effect(body["effect"])), match, f"  {name}  {_asked(request)}")
            )
        )
        self._decisions[name] = branch
        branch.add(self._kept("prompt", step.index, body.get("utterance") or {}))
        for reason in body.get("reasons", ()):
            branch.add(Text(_reason(reason)))
        if body.get("grant"):
            self._grant(branch, body["grant"])

    def _grant(self, parent: Tree, claims: _Body) -> Tree:
        detail = claims["authorization_details"][0]
        limits = [w for w in ("read-only" if detail.get("read_only") else "",) if w]
        limits += [f"at most {detail['row_limit']} rows"] if detail.get("row_limit") is not None else []
        text = Text.assemble(
            "grant ",
            (str(claims["jti"]), "cyan"),
            f"  {detail['actions'][0]} {detail['datatypes'][0]} {detail['identifier']}",
            f"  {', '.join(limits)}" if limits else "",
            f"  for {claims['act']['sub']} at {claims['aud']}, {claims.get('uses', 1)} use(s)",
            f", until {_clock(claims['exp'])}",
        )
        self._grants[str(claims["jti"])] = branch = parent.add(text)
        return branch

    def _attenuated(self, root: Tree, step: Step, body: _Body) -> None:
        parent = self._grants.get(str(body["parent"]), root)
        branch = parent.add(_line(step, Text("handed on, narrower")))
        self._grant(branch, body["claims"])

    def _consumption(self, root: Tree, step: Step, body: _Body) -> None:
        parent = self._grants.get(str(body["grant_id"]), root)
        refusal = body.get("refusal")
        text = Text(f"use refused: {refusal}", style="red") if refusal else Text(f"used, {body.get('uses_left')} left")
        parent.add(_line(step, text))

    def _outcome(self, root: Tree, step: Step, body: _Body) -> None:
        parent = self._grants.get(str(body.get("grant_id") or "")) or self._decisions.get(
            str(body["decision_id"]), root
        )
        agreement = str(body.get("agreement", ""))
        text = Text.assemble(
            f"action {body.get('observed', '')}  {_asked(body.get('request') or {})}  ",
            (agreement, _AGREEMENTS.get(agreement, "yellow")),
            f" {body['text']}" if body.get("text") else "",
            f"  {body.get('rows', 0)} rows, {body.get('bytes', 0)} bytes",
        )
        parent.add(_line(step, text))

    def _other(self, root: Tree, step: Step, body: _Body) -> None:
        withheld = str(body.get("withheld") or "")
        if withheld:
            text = Text("killed meanwhile: the grant never left", style="red")
            self._decisions.get(withheld, root).add(_line(step, text))
            return
        said = {k: v for k, v in body.items() if v not in ("", None)}
        root.add(_line(step, Text(f"{step.entry.kind.value} {compact(said)}")))

    def _kept(self, what: str, index: int, kept: _Body) -> Text:
        text = self._prompts.get(index)
        if text is not None:
            return Text(f"{what} “{text}”", style="italic")
        size = f"{kept.get('characters', '?')} characters"
        sealed = "" if "sealed" not in kept else "key erased, " if index in self._prompts else "sealed, "
        return Text(f"{what} ({sealed}{size}, commitment {str(kept.get('commitment', ''))[:16]}…)", style="dim")


def _line(step: Step, text: Text) -> Text:
    word, style = _PROOFS[step.proof]
    return Text.assemble((f"#{step.index} {_clock(step.entry.time)}  ", "dim"), text, "  ", (word, style))


def _asked(request: _Body) -> str:
    """What was declared; where only a native payload was given, that."""
    target, action = request.get("target") or {}, request.get("action") or {}
    declared = f"{action.get('name', '')} {target.get('kind', '')} {target.get('name', '')}".strip()
    payload = compact(request["payload"]) if request.get("payload") else ""
    return declared or (payload if len(payload) <= LONGEST_PAYLOAD else payload[: LONGEST_PAYLOAD - 1] + "…")


def _reason(reason: _Body) -> str:
    rule = f" [rule {reason['rule']}]" if reason.get("rule") else ""
    return f"because {reason['code']}: {reason['text']}{rule}"


def _clock(time: float) -> str:
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S") + f".{moment.microsecond // 1000:03d}Z"
