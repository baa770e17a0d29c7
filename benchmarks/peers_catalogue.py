"""The peers: their pinned packages, the ways they are asked, and what each of them does not do."""

from __future__ import annotations

from dataclasses import dataclass, field

OWN = "pdp"
YES, PARTLY, NO = "yes", "partly", "no"
ABILITIES = {
    "text": "reads the request text",
    "authority": "judges whether the text asks for this much",
    "payload": "parses native payloads",
    "narrow": "can answer with less",
    "record": "durable, tamper-evident record",
    "grant": "signed grant for the call",
    "kill": "kill switch",
    "service": "decides as a service",
}


@dataclass(frozen=True)
class Peer:
    """A peer. ``python``: empty for the development environment. ``notes`` say what ``partly`` means, by ability."""

    name: str
    module: str
    pins: tuple[str, ...]
    what: str
    abilities: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)


def _only(**marks: str) -> dict[str, str]:
    return {**dict.fromkeys(ABILITIES, NO), **marks}


PEERS = (
    Peer(
        "strathon",
        "with_strathon",
        ("strathon==1.4.0",),
        "library: CEL block policies in the SDK's enforcer",
        _only(text=PARTLY, narrow=PARTLY, record=PARTLY, kill=PARTLY, service=PARTLY),
        {
            "text": "a rule may search the prompt for words",
            "narrow": "`steer` replaces the result",
            "record": "the chain holds changes made in the console, not decisions; spans go to PostgreSQL afterwards",
            "kill": "halts, which the SDK polls for every second",
            "service": "the receiver holds policies and takes spans; calls are decided in the SDK",
        },
    ),
    Peer(
        "semantic-router",
        "with_semantic_router",
        ("semantic-router==1.1.1", "onnxruntime==1.32.0", "tokenizers==0.23.3", "numpy==2.4.6"),
        "library: exemplars, the same encoder, its own calibration; no rules",
        _only(text=YES),
    ),
    Peer(
        "catraca",
        "with_catraca",
        ("catraca==0.2.0",),
        "library: provenance of arguments, typed limits, evidence log",
        _only(text=PARTLY, payload=PARTLY, record=YES, service=PARTLY),
        {
            "text": "whether an argument's value stands in it, not what it asks for",
            "payload": "finds addresses and URLs hidden in arguments",
            "record": "hash chain, with fsync when a file is chosen",
            "service": "an MCP proxy, which is not measured here",
        },
    ),
    Peer(
        "tenuo",
        "with_tenuo",
        ("tenuo==0.3.3",),
        "library (Rust): a warrant and its holder's proof, verified",
        _only(payload=PARTLY, narrow=PARTLY, record=PARTLY, grant=YES, kill=PARTLY, service=PARTLY),
        {
            "payload": "constraints on paths, URLs and shell words in arguments",
            "narrow": "a holder may delegate less; a call is not cut to what is allowed",
            "record": "signed receipts where a sink is configured; the caller keeps them",
            "kill": "signed revocation lists, which verifiers must be given",
            "service": "its authorizer comes as a container, which is not measured here",
        },
    ),
    Peer(
        "cedarpy",
        "with_cedarpy",
        ("cedarpy==4.12.2",),
        "library (Rust): Cedar policies",
        _only(),
    ),
)

OURS = Peer(
    OWN,
    "own",
    (),
    "this repository",
    dict.fromkeys(ABILITIES, YES),
)


CAN = "can"
FLOOR = "floor"


@dataclass(frozen=True)
class Row:
    """One row of the result: who, which way of theirs, what is done, and which abilities that exercises.

    ``repeats``: one question, asked again and again; ``service``: over gRPC, else in the process.
    """

    peer: str
    way: str
    does: str
    uses: tuple[str, ...] = ()
    repeats: bool = False
    service: bool = False

    @property
    def name(self) -> str:
        """As the result calls it."""
        return f"{self.peer}: {self.does}"

    @property
    def runs_in(self) -> str:
        """The adapter that answers."""
        if self.service:
            return "own_service"
        return OURS.module if self.peer == FLOOR else BY_NAME[self.peer].module

    def marks(self) -> dict[str, str]:
        """By ability: ``yes`` is done in this row, ``can`` is done by the product and not in this row."""
        if self.peer == FLOOR:
            return dict.fromkeys(ABILITIES, NO)
        marks = BY_NAME[self.peer].abilities
        return {a: CAN if m == YES and a not in self.uses else m for a, m in marks.items()}


BY_NAME = {p.name: p for p in (*PEERS, OURS)}
RULES = (1, 20, 100)
SERVED = 20
"""Rules of the bundle that the whole decision is made with."""
_GRANT, _DECISION = ("grant", "kill"), ("text", "authority", "narrow")
_SERVICE = (*_DECISION, "record", "grant", "kill", "service")
ECHO = Row(FLOOR, "echo", "echo over gRPC", service=True)
ENCODER = Row(FLOOR, "encoder", "sentence encoder alone")
SERVED_UNSEEN = Row(OWN, "decision", "gRPC, recorded, granted: unseen text", _SERVICE, service=True)
SERVED_SEEN = Row(OWN, "decision", "gRPC, recorded, granted: text seen before", _SERVICE, repeats=True, service=True)
UNSEEN = Row(OWN, "decision", f"model and {SERVED} rules: unseen text", _DECISION)
SEEN = Row(OWN, "decision", f"model and {SERVED} rules: text seen before", _DECISION, repeats=True)
ROUTED = Row("semantic-router", "10 routes", "10 routes, calibrated: any text", ("text",))


def ruled(peer: str, rules: int) -> Row:
    """The row of a peer with so many rules, and no model."""
    return Row(peer, f"{rules} rules", f"{rules} rules", ("narrow",) if peer == OWN else ())


ROWS = (
    *(ruled(p, n) for n in RULES for p in ("strathon", "cedarpy", OWN)),
    Row("catraca", "record in memory", "arguments against the text, record in memory", ("text",)),
    Row("catraca", "record on disk", "arguments against the text, record on disk", ("text", "record")),
    Row("tenuo", "warrant as it arrives", "warrant as it arrives", _GRANT),
    Row(OWN, "grant as it arrives", "grant as it arrives", _GRANT),
    Row("tenuo", "warrant decoded before", "warrant decoded before", _GRANT),
    Row(OWN, "grant used before", "grant used before", _GRANT),
    ENCODER,
    ROUTED,
    UNSEEN,
    SEEN,
    ECHO,
    SERVED_UNSEEN,
    SERVED_SEEN,
)
