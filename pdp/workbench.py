"""A bundle opened in this process, without a server: what the command line uses when it is given a directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns

from pdp.cases import CaseResult, decide_once, run_cases
from pdp.errors import EncoderError
from pdp.evidence import Evidence
from pdp.explanation import explain
from pdp.intent.encoder import Encoder, OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.intent.text import TextLimits, read
from pdp.snapshot import Snapshot
from pdp.snapshot import read as read_snapshot
from pdp.types import Decision, Request, Timings, Verdict

LIMITS = TextLimits()


@dataclass(frozen=True, slots=True)
class Workbench:
    """One snapshot and its encoder. Decides as a server does; nothing is counted, granted or kept."""

    snapshot: Snapshot
    encoder: Encoder

    def verdict(self, request: Request, now: float) -> Verdict:
        """Decide. ``now`` is epoch seconds. Raises ``InvalidRequest`` or ``LimitExceeded``."""
        return decide_once(request, self.snapshot, self.encoder, now, LIMITS)

    def decide(self, request: Request, now: float) -> Decision:
        """Decide, with revision and time taken."""
        started = perf_counter_ns()
        return self._decision(request, self.verdict(request, now), started)

    def explain(self, request: Request, now: float) -> Decision:
        """Decide, with the whole trace."""
        started = perf_counter_ns()
        reading = read(request.utterance, LIMITS)
        evidence = Evidence(self.snapshot, self.encoder)
        return self._decision(request, explain(request, reading, evidence, self.snapshot, now), started)

    def run_cases(self) -> tuple[CaseResult, ...]:
        """Run the bundle's own tests, in file order."""
        return run_cases(self.snapshot, self.encoder)

    def _decision(self, request: Request, verdict: Verdict, started: int) -> Decision:
        return Decision(
            decision_id="",
            request_id=request.request_id,
            verdict=verdict,
            revision=self.snapshot.bundle.revision,
            encoder=self.snapshot.encoder,
            timings=Timings(total=(perf_counter_ns() - started) // 1000),
        )


def load_encoder(model: Path | None = None) -> Encoder:
    """The sentence model in ``model`` (default: the one shipped). Raises ``EncoderError``."""
    return OnnxEncoder.load(model or default_model_directory())


def shipped_calibration(model: Path | None = None) -> str:
    """The ``calibration.json`` that comes with a model: where a new bundle begins. Raises ``EncoderError``."""
    path = (model or default_model_directory()) / CALIBRATION_FILE
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EncoderError(f"{path} cannot be read; make it with python -m training.calibrate --model DIR") from error


def open_bundle(directory: Path, model: Path | None = None) -> Workbench:
    """Load and build the bundle in ``directory``.

    Raises ``BundleError`` with every problem, ``EncoderMismatch``, or ``EncoderError`` for the model.
    """
    encoder = load_encoder(model)
    return Workbench(read_snapshot(directory, encoder), encoder)
