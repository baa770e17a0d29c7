"""The composition root: from a configuration to the parts of one process, and to a running service."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

from pdp import __version__, metrics
from pdp.administration_point import AdministrationPoint
from pdp.config import Config, run_settings
from pdp.decision_point import DecisionPoint
from pdp.encoding import EncodingQueue
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.text import TextLimits
from pdp.memory import Memory
from pdp.policy.watcher import BundleWatcher
from pdp.server.points import Parts
from pdp.server.run import run
from pdp.server.settings import StartWatch
from pdp.snapshot import Snapshots


def build(config: Config) -> Parts:
    """Everything one process needs to decide; nothing is in force until the first activation.

    Raises ``EncoderError`` when the model cannot be loaded. A module-level function: worker processes call it too.
    """
    encoder = OnnxEncoder.load(config.model or default_model_directory(), config.encoder_threads)
    snapshots = Snapshots()
    encoding = EncodingQueue(1, config.encode_queue)
    limits = TextLimits(config.limit_utterance_characters, config.limit_clauses)
    memory = Memory(config.cache_size, limits)
    store = config.data_dir / "vectors.npy" if config.data_dir else None
    return Parts(
        decisions=DecisionPoint(snapshots, encoder, encoding, time.time, new_id, memory),
        administration=AdministrationPoint(snapshots, encoder, config.bundle, time.time, __version__, store=store),
        revision=lambda: current.bundle.revision if (current := snapshots.peek()) else "",
        close=lambda: asyncio.to_thread(encoding.close),
        observe=metrics.observe_call,
    )


def new_id() -> str:
    """A decision id: 32 hexadecimal digits, random."""
    return uuid.uuid4().hex


def serve(config: Config) -> int:
    """Run the service until a signal ends it; the exit code (0: in order, 1: calls had to be cut off)."""
    watch = watch_files(config.bundle, config.watch_interval, config.watch_quiet)
    return run(build, config, run_settings(config, watch))


def watch_files(bundle: Path, interval: float, quiet: float) -> StartWatch:
    """What starts a watch on the bundle's files."""
    return lambda notify: BundleWatcher(bundle, interval, quiet, notify)
