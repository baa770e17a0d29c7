"""``calibration.json``: thresholds, and the encoder they belong to."""

from __future__ import annotations

import re
from collections.abc import Collection

from pdp.policy.fields import Fields, nearest
from pdp.policy.nodes import Node, Table
from pdp.policy.parse_intent import parse_thresholds
from pdp.policy.source import Source
from pdp.scoring import CERTAIN, CalibrationData, ExcessKind, Head, Risk, Thresholds

CALIBRATION_KEYS = (
    "format", "encoder", "default", "risks", "intents", "head", "counter_weight", "counter_gap", "notes",
)  # fmt: skip
HEAD_KEYS = ("logit", "nearness", "linear", "bias", "penalties")
MOST_FACTOR = 1000
# A head that does not listen to the pair model would judge topic again.
LEAST_LOGIT = 0.01
FORMAT = 1
MOST_WEIGHT = 100
MOST_GAP = 1
_FINGERPRINT = re.compile(r"sha256:[0-9A-Za-z]{1,64}")
_NONE = Thresholds(1.0, 1.0)


def parse_calibration(root: Node, source: Source, intents: Collection[str] | None) -> CalibrationData:
    """The whole file. ``intents`` are the ids there are; ``None`` when not all are known."""
    fields = Fields(root, source, "calibration.json", CALIBRATION_KEYS)
    if fields.needs("format") is not None and fields.number("format", FORMAT, 0, 1_000_000) != FORMAT:
        fields.problem("format", "the file has another format than this program reads", f'write "format": {FORMAT}')
    encoder = fields.text("encoder")
    if encoder and not _FINGERPRINT.fullmatch(encoder):
        fields.problem("encoder", "'encoder' is no fingerprint", "copy what pdp status shows: sha256: and 64 digits")
    return CalibrationData(
        encoder=encoder,
        default=parse_thresholds(fields, "default", required=True) or _NONE,
        intents=_overrides(fields, intents),
        counter_weight=fields.number("counter_weight", 1.0, 0, MOST_WEIGHT),
        counter_gap=fields.number("counter_gap", 0.0, 0, MOST_GAP),
        notes=fields.object("notes"),
        risks=_risks(fields),
        head=_head(fields),
    )


def _risks(fields: Fields) -> dict[Risk, Thresholds]:
    node = fields.given("risks")
    if node is None:
        return {}
    inner = Fields(node, fields.source, "'risks'", tuple(r.value for r in Risk))
    found = ((risk, parse_thresholds(inner, risk.value)) for risk in Risk if inner.given(risk.value) is not None)
    return {risk: limits for risk, limits in found if limits}


def _head(fields: Fields) -> Head | None:
    node = fields.given("head")
    if node is None:
        return None
    inner = Fields(node, fields.source, "'head'", HEAD_KEYS)
    given = inner.given("penalties")
    costs: dict[ExcessKind, float] = {}
    if given is not None:
        kinds = tuple(k.value for k in ExcessKind)
        table = Fields(given, fields.source, "'penalties'", kinds)
        costs = {ExcessKind(k): table.number(k, CERTAIN, 0, MOST_FACTOR) for k in kinds}
    logit = inner.number("logit", None, LEAST_LOGIT, MOST_FACTOR)
    nearness, linear = (inner.number(k, 0.0, 0, MOST_FACTOR) for k in ("nearness", "linear"))
    return Head(logit, nearness, inner.number("bias", 0.0, -MOST_FACTOR, MOST_FACTOR), linear, costs)


def _overrides(fields: Fields, intents: Collection[str] | None) -> dict[str, Thresholds]:
    node = fields.given("intents")
    if node is None:
        return {}
    keys = tuple(k.text for k, _ in node.pairs) if isinstance(node, Table) else ()
    inner = Fields(node, fields.source, "'intents'", keys)
    if isinstance(node, Table) and intents is not None:
        for key, _ in node.pairs:
            if key.text not in intents and not fields.source.is_full:
                fields.source.problem(key, f"there is no intent {key.text[:60]!r}", nearest(key.text, intents))
    return {key: parse_thresholds(inner, key) or _NONE for key in keys}
