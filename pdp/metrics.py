"""Every Prometheus metric, declared once. Nothing below this layer can record one.

Label values come from closed sets (effects, reason codes, stages), never from a request, so cardinality is bounded.
"""

from __future__ import annotations

import functools

from prometheus_client import Counter, Gauge, Histogram

from pdp.types import Decision, Timings

SECONDS = (0.00025, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0)
UNIT = (0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0)
MARGIN = (-0.6, -0.4, -0.3, -0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)

DECISIONS = Counter("pdp_decisions_total", "Decisions by effect and first reason.", ("effect", "reason"))
SECONDS_TOTAL = Histogram("pdp_decision_seconds", "Time from parsed request to finished decision.", buckets=SECONDS)
SECONDS_STAGE = Histogram("pdp_stage_seconds", "Time per stage of a decision.", ("stage",), buckets=SECONDS)
SCORE = Histogram("pdp_match_score", "Score of the matched intent.", buckets=UNIT)
MARGINS = Histogram("pdp_match_margin", "Score minus accept threshold of the matched intent.", buckets=MARGIN)
SHADOW = Counter("pdp_shadow_findings_total", "What shadow intents and rules would have done.", ("would_be",))
QUEUE = Gauge("pdp_encode_queue_depth", "Texts waiting for or in the encoder.", multiprocess_mode="livesum")
CACHE = Counter("pdp_vector_cache_total", "Look-ups in the vector cache.", ("result",))
BUNDLE = Gauge(
    "pdp_bundle_info",
    "1 for the bundle in force, 0 for earlier ones.",
    ("revision", "encoder"),
    multiprocess_mode="livemax",
)
ACTIVATED = Gauge(
    "pdp_bundle_activated_seconds",
    "When the bundle came into force, epoch seconds; its age is now minus this.",
    multiprocess_mode="livemax",
)
ACTIVATIONS = Counter("pdp_bundle_activations_total", "Attempts to activate a bundle.", ("result",))

CALLS = Counter(
    "pdp_calls_total",
    "Finished calls, batch and stream items, by method and error code (ok: answered).",
    ("method", "code"),
)
CALL_SECONDS = Histogram("pdp_call_seconds", "Time from received to answered, by method.", ("method",), buckets=SECONDS)

OUTCOMES = Counter("pdp_outcomes_total", "Reported outcomes by what they and decisions say together.", ("agreement",))
SESSIONS = Counter("pdp_sessions_total", "Sessions that were asked for, by what came of it.", ("event",))
GRANTS = Counter("pdp_grants_total", "Grants by what happened to them.", ("event",))
ORDERS = Counter("pdp_orders_total", "Orders of the kill switch given in this process, by kind.", ("kind",))

_STAGES = {stage: SECONDS_STAGE.labels(stage) for stage in ("admit", "text", "encode", "decide", "record")}
LOOKUPS = {result: CACHE.labels(result) for result in ("hit", "miss")}


def observe_decision(decision: Decision) -> None:
    """Record one finished decision: the only place where decision metrics are written."""
    verdict = decision.verdict
    _decisions(verdict.effect.value, verdict.reasons[0].code.value).inc()
    _observe_times(decision.timings)
    if verdict.match is not None and verdict.match.intent:
        SCORE.observe(verdict.match.score)
        MARGINS.observe(verdict.match.margin)
    for finding in verdict.shadow:
        SHADOW.labels(finding.would_be.value).inc()


@functools.lru_cache(256)
def _decisions(effect: str, reason: str) -> Counter:
    return DECISIONS.labels(effect, reason)


def _observe_times(timings: Timings) -> None:
    SECONDS_TOTAL.observe(timings.total / 1e6)
    for stage, histogram in _STAGES.items():
        micros = getattr(timings, stage)
        if micros:
            histogram.observe(micros / 1e6)


def observe_activation(previous: str, revision: str, encoder: str, now: float) -> None:
    """A bundle came into force in place of ``previous`` (empty: of none)."""
    if previous:
        BUNDLE.labels(previous, encoder).set(0)
    BUNDLE.labels(revision, encoder).set(1)
    ACTIVATED.set(now)
    ACTIVATIONS.labels("activated").inc()


def observe_call(method: str, code: str, seconds: float) -> None:
    """Record one finished call: ``code`` is ``ok`` or that of the error it was answered with."""
    calls, histogram = _call(method, code)
    calls.inc()
    histogram.observe(seconds)


@functools.lru_cache(256)
def _call(method: str, code: str) -> tuple[Counter, Histogram]:
    # Looking a child up by its labels costs more than counting; methods and codes are closed sets.
    return CALLS.labels(method, code), CALL_SECONDS.labels(method)
