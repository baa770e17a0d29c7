"""Is a session that leaves its declared purpose noticed, how soon, and how often is one suspected that did not?

``python -m benchmarks.drift --calibration A.jsonl --data B.jsonl --out R.json`` (files as ``training.corpus.contrast``
writes them: A from the calibration domains, B from the held-out ones)

Sessions of 24 requests are simulated: a purpose (the descriptions of one or two sibling intents), requests that these
intents cover, and in three quarters of them, from the fourth to the thirteenth request on, requests of another intent:
a sibling, another family of the domain, another domain. Each request is read by the shipped model. On A the weights of
a request's distance are fitted (logistic regression, both classes weighted alike) and the thresholds chosen by the
share of honest sessions that ever reach them. The figures on B are those of the constants in ``pdp.session.drift``.

The requests are those of a corpus made to be hard: worded unlike the purpose, and ever anew. A real run repeats itself
more, so both false alarms and delays are those of a bad day. Every request counts, though most of those beside the
purpose would be denied anyway: what is measured is drift alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import measure
from benchmarks.contrast_data import DataError, read_contrasts
from benchmarks.drift_sessions import KINDS, Readings, read_sessions, simulate
from pdp.errors import PdpError
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.policy.bundle import read_calibration
from pdp.session import drift

SEED = 20261126
FALSE_NARROW, FALSE_KILL = 0.02, 0.002
"""So many honest sessions may be narrowed once, or killed."""
Floats = NDArray[np.float64]


def weights(readings: Sequence[Readings], turns: int = 50) -> Floats:
    """Bias, weight of the cosine, weight of the score: logistic regression by Newton's method, a trace of ridge."""
    cosines, scores = (np.concatenate([getattr(r, n) for r in readings]) for n in ("cosines", "scores"))
    beside = np.concatenate([r.beside for r in readings])
    rows = np.stack((np.ones_like(cosines), cosines, scores), axis=1)
    balance = np.where(beside, 0.5 / beside.mean(), 0.5 / (1 - beside.mean()))
    found: Floats = np.zeros(3)
    for _ in range(turns):
        said = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (balance * (beside - said)) - 1e-3 * found
        bend = (rows * (balance * said * (1 - said))[:, None]).T @ rows + 1e-3 * np.eye(3)
        found = found + np.linalg.solve(bend, slope)
    return found


def course(readings: Readings) -> Floats:
    """Drift after each request of a session, as the PDP tells it."""
    distances = [drift.distance(c, s) for c, s in zip(readings.cosines, readings.scores, strict=True)]
    return np.array([drift.drift(distances[: at + 1]) for at in range(len(distances))])


def alarm(values: Floats, threshold: float) -> int | None:
    """The first request at which drift reaches the threshold, from 0 on."""
    reached = np.flatnonzero(values >= threshold)
    return int(reached[0]) if reached.size else None


def threshold_for(honest: Sequence[Floats], share: float) -> float:
    """The lowest threshold, in hundredths, that at most ``share`` of honest sessions ever reach."""
    peaks = np.array([v.max() for v in honest])
    steps = np.arange(1, 101) / 100
    return float(next((s for s in steps if (peaks >= s).mean() <= share), 1.0))


def report(readings: Sequence[Readings], threshold: float) -> dict[str, object]:
    """False alarms of a session; for each kind of turn how many were noticed, and after how many requests beside it.

    ``delay``: 1 is the first request that is beside the purpose; where it never was noticed it counts as endless, so
    that a percentile is ``null`` when too many were missed. Alarms before the turn are ``early`` and have no delay.
    """
    found = [(r.session, alarm(course(r), threshold)) for r in readings]
    honest = [at for s, at in found if s.turn is None]
    figures: dict[str, object] = {
        "threshold": threshold,
        "sessions": len(honest),
        "false_alarms": round(float(np.mean([at is not None for at in honest])), 4),
    }
    for kind in KINDS:
        mine = [(s.turn, at) for s, at in found if s.kind == kind and s.turn is not None]
        fair = [(turn, at) for turn, at in mine if at is None or at >= turn]
        delays = [np.inf if at is None else at - turn + 1 for turn, at in fair]
        figures[kind] = {
            "sessions": len(mine),
            "early": round((len(mine) - len(fair)) / max(1, len(mine)), 4),
            "noticed": round(float(np.isfinite(delays).sum()) / max(1, len(fair)), 4),
            "delay": {f"p{p}": _finite(np.percentile(delays or [np.inf], p, method="higher")) for p in (50, 90)},
        }
    return figures


def _finite(value: float) -> int | None:
    return int(value) if np.isfinite(value) else None


def run(options: argparse.Namespace) -> dict[str, object]:
    """Fit on the calibration domains, report the constants in force on both."""
    model: Path = options.model or default_model_directory()
    encoder, calibration = OnnxEncoder.load(model), read_calibration(model / CALIBRATION_FILE)
    read: dict[str, list[Readings]] = {}
    for name, path in (("calibration", options.calibration), ("held_out", options.data)):
        intents = read_contrasts(path)
        sessions = list(simulate(intents, options.sessions, SEED))
        found = read_sessions(sessions, intents, encoder, calibration)
        read[name] = list(track(found, name, len(sessions), console=Console(stderr=True)))
    honest = [course(r) for r in read["calibration"] if r.session.turn is None]
    return {
        "window": drift.WINDOW,
        "allowance": drift.ALLOWANCE,
        "shipped": {
            "weights": [drift.BIAS, drift.COSINE, drift.SCORE],
            "narrow": drift.NARROW_AT,
            "kill": drift.KILL_AT,
        },
        "fitted": {
            "weights": [round(float(w), 2) for w in weights(read["calibration"])],
            "narrow": threshold_for(honest, FALSE_NARROW),
            "kill": threshold_for(honest, FALSE_KILL),
        },
        **{
            f"{name}_{what}": report(found, threshold)
            for name, found in read.items()
            for what, threshold in (("narrow", drift.NARROW_AT), ("kill", drift.KILL_AT))
        },
    }


def show(figures: dict[str, object], console: Console) -> None:
    """The figures for people."""
    table = Table(title=f"drift over {figures['window']} requests", title_justify="left")
    for name in ("domains and threshold", "false alarms", *(f"{k}: noticed, p50, p90" for k in KINDS)):
        table.add_column(name, justify="left" if name.startswith("domains") else "right")
    for name in (f"{d}_{w}" for d in ("calibration", "held_out") for w in ("narrow", "kill")):
        row: dict[str, dict[str, object]] = figures[name]  # type: ignore[assignment]
        cells = []
        for kind in KINDS:
            delay: dict[str, object] = row[kind]["delay"]  # type: ignore[assignment]
            cells.append(f"{row[kind]['noticed']:.1%}, {delay['p50'] or '-'}, {delay['p90'] or '-'}")
        table.add_row(f"{name} ({row['threshold']})".replace("_", " "), f"{row['false_alarms']:.1%}", *cells)
    console.print(table)
    console.print(f"fitted on the calibration domains: {figures['fitted']}; in force: {figures['shipped']}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--calibration", type=Path, required=True, help="FILE.jsonl: where constants are fitted")
    parser.add_argument("--data", type=Path, required=True, help="FILE.jsonl: other domains")
    parser.add_argument("--sessions", type=int, default=500, help="honest ones, and of each kind of turn (default 500)")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    try:
        figures = run(options)
    except (DataError, PdpError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    show(figures, Console())
    if options.out:
        names = {"calibration": options.calibration.name, "data": options.data.name}
        document = {**names, "seed": SEED, **figures, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
