"""One HTML file about a retrained bundle: plots inline, no network, nothing to install to read it."""

from __future__ import annotations

import html
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pdp.evaluation import Evaluation, Labelled
from pdp.intent.encoder import OnnxEncoder
from pdp.types import Effect
from training.judged_bundle import JudgedRequest, judge_labelled

Floats = NDArray[np.float64]
MOST_INTENTS = 20
WORST = 12
REFUSED = -0.05
"""Where requests that another check refuses are drawn."""


@dataclass(frozen=True, slots=True)
class ReportData:
    """The test part as the retrained bundle scores it with open thresholds, and each label's ``kind``."""

    judged: tuple[JudgedRequest, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Path, cases: Sequence[Labelled], encoder: OnnxEncoder, labels: Path) -> ReportData:
        """Judge ``cases``; the kinds are read from the labels' own lines."""
        lines = labels.read_text(encoding="utf-8").splitlines()
        kinds = tuple(str(json.loads(lines[c.line - 1]).get("kind", "")) for c in cases)
        return cls(judge_labelled(bundle, cases, encoder), kinds)

    @property
    def scores(self) -> Floats:
        """The score of each request; refused ones are below zero."""
        return np.array([j.score if np.isfinite(j.score) else REFUSED for j in self.judged])

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether each may pass."""
        return np.array([j.asked.expect is not Effect.DENY for j in self.judged])


def write_report(path: Path, name: str, data: ReportData, evaluations: tuple[Evaluation, Evaluation]) -> None:
    """Write the report on ``data`` and the evaluations before and after."""
    plots: list[tuple[str, Callable[[Axes, ReportData], None]]] = [
        ("Scores", _distribution),
        ("ROC", _roc),
        ("DET", _det),
        ("Reliability", _reliability),
        ("Coverage against risk", _coverage),
        ("Confusion between intents", _confusion),
    ]
    figures = "".join(f"<figure><figcaption>{t}</figcaption>{_svg(draw, data)}</figure>" for t, draw in plots)
    body = (
        f"<h1>{html.escape(name)}: before and after retraining</h1>"
        f"<p>{len(data.judged)} labelled requests of the test part, which nothing was fitted on.</p>"
        f"{_shares(evaluations)}<div class=plots>{figures}</div>{_kinds(data, evaluations[1])}"
        f"<h2>Worst false allows</h2>{_worst(data, evaluations[1], covered=False)}"
        f"<h2>Worst false denies</h2>{_worst(data, evaluations[1], covered=True)}"
    )
    path.write_text(PAGE.replace("{body}", body), encoding="utf-8")


PAGE = """<!doctype html><html lang=en><meta charset=utf-8><title>retraining report</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}
.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-weight:600}
</style><body>{body}</body></html>
"""


def _svg(draw: Callable[[Axes, ReportData], None], data: ReportData) -> str:
    with mpl.rc_context({"svg.hashsalt": "report", "font.size": 8}):
        figure = Figure(figsize=(4.6, 3.4), layout="constrained")
        draw(figure.subplots(), data)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue().split("?>", 1)[1].split("\n", 3)[-1]


def _distribution(axes: Axes, data: ReportData) -> None:
    bins = np.linspace(REFUSED, 1, 32).tolist()
    for label, chosen in (("may pass", data.covered), ("must not", ~data.covered)):
        axes.hist(data.scores[chosen], bins=bins, alpha=0.6, label=label)
    axes.set(xlabel="score (below 0: refused by another check)", ylabel="requests")
    axes.legend()


def rates(data: ReportData) -> tuple[Floats, Floats, Floats]:
    """Thresholds, and the shares of false allows and of allows at each."""
    thresholds = np.unique(np.append(data.scores, 1.01))[::-1]
    passed = data.scores[None] >= thresholds[:, None]
    wrong, right = passed[:, ~data.covered], passed[:, data.covered]
    return thresholds, _mean(wrong), _mean(right)


def _mean(table: NDArray[np.bool_]) -> Floats:
    found: Floats = table.mean(axis=1) if table.shape[1] else np.zeros(len(table))
    return found


def _roc(axes: Axes, data: ReportData) -> None:
    _, wrong, right = rates(data)
    axes.plot(wrong, right, drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.set(xlabel="false allows", ylabel="allowed of those that may pass")


def _det(axes: Axes, data: ReportData) -> None:
    _, wrong, right = rates(data)
    axes.plot(np.maximum(wrong, 1e-3), np.maximum(1 - right, 1e-3))
    axes.set(xscale="log", yscale="log", xlabel="false allows", ylabel="false denies")


def _reliability(axes: Axes, data: ReportData) -> None:
    edges = np.linspace(0, 1, 11)
    place = np.clip(np.digitize(data.scores, edges) - 1, 0, 9)
    used = [b for b in range(10) if (place == b).any()]
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.plot([data.scores[place == b].mean() for b in used], [data.covered[place == b].mean() for b in used], "o-")
    axes.set(xlabel="mean score", ylabel="share that may pass")


def _coverage(axes: Axes, data: ReportData) -> None:
    order = np.argsort(-data.scores, kind="stable")
    wrong = np.cumsum(~data.covered[order]) / np.arange(1, len(order) + 1)
    axes.plot(np.arange(1, len(order) + 1) / len(order), wrong)
    axes.set(xlabel="share answered, surest first", ylabel="share of these that must not pass")


def _confusion(axes: Axes, data: ReportData) -> None:
    pairs = Counter(
        (j.asked.intent, j.intent) for j in data.judged if j.asked.intent and j.asked.expect is not Effect.DENY
    )
    totals = Counter(first for first, _ in pairs.elements())
    names = [n for n, _ in totals.most_common(MOST_INTENTS)]
    table = np.array([[pairs[a, b] for b in names] for a in names], np.float64).reshape(len(names), len(names))
    axes.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="matched", ylabel="meant")


def _shares(evaluations: tuple[Evaluation, Evaluation]) -> str:
    names = ("false_allow", "false_deny", "narrow", "too_wide", "wrong_intent")
    rows = [(n.replace("_", " "), *(str(getattr(e.overall, n)) for e in evaluations)) for n in names]
    return _table(("", "before", "after"), rows)


def _kinds(data: ReportData, after: Evaluation) -> str:
    answers: dict[str, list[Effect]] = defaultdict(list)
    for kind, answer in zip(data.kinds, after.answers, strict=True):
        if kind and answer.asked.expect is Effect.DENY:
            answers[kind].append(answer.effect)
    if not answers:
        return ""
    rows = [
        (kind, str(len(found)), *(f"{found.count(e) / len(found):.1%}" for e in (Effect.ALLOW, Effect.NARROW)))
        for kind, found in sorted(answers.items())
    ]
    return "<h2>By kind of excess</h2>" + _table(("kind", "requests", "allowed", "narrowed"), rows)


def _worst(data: ReportData, after: Evaluation, *, covered: bool) -> str:
    rows = []
    for judged, answer in zip(data.judged, after.answers, strict=True):
        wrong = (answer.effect is Effect.DENY) if covered else (answer.effect is not Effect.DENY)
        if (judged.asked.expect is not Effect.DENY) is covered and wrong:
            rows.append((judged, answer.effect))
    rows.sort(key=lambda r: r[0].score, reverse=not covered)
    shown = []
    for judged, effect in rows[:WORST]:
        match = judged.verdict.match if judged.verdict else None
        near = match.nearest.text if match and match.nearest else ""
        score = f"{judged.score:.3f}" if np.isfinite(judged.score) else "refused"
        shown.append((score, effect.value, judged.asked.request.utterance, judged.intent, near))
    return _table(("score", "got", "request", "intent", "nearest exemplar"), shown) if shown else "<p>None.</p>"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    return f"<table>{row(heading, 'th')}{''.join(row(r, 'td') for r in rows)}</table>"
