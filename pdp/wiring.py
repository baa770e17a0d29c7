"""The composition root: from a configuration to the parts of one process, and to a running service."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from functools import partial
from pathlib import Path

from pdp import __version__, metrics
from pdp.administration_point import AdministrationPoint
from pdp.archive import BundleArchive
from pdp.audit.prompts import Sealer, commitment
from pdp.audit_point import AuditPoint
from pdp.config import Config, run_settings
from pdp.data_directory import KEYS, DataDirectory
from pdp.decision_point import DecisionPoint
from pdp.encoding import EncodingQueue
from pdp.grant.keys import KeyRing
from pdp.grant_point import GrantPoint
from pdp.identifiers import new_id
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.text import TextLimits
from pdp.ledger import Commit, Ledger
from pdp.memory import Memory
from pdp.policy.watcher import BundleWatcher
from pdp.server.points import Parts
from pdp.server.run import run
from pdp.server.runtime_points import RuntimePoints
from pdp.server.settings import StartWatch
from pdp.session_point import SessionPoint
from pdp.snapshot import Snapshots
from pdp.types import JsonObject

SALT_BYTES, NONCE_BYTES = 32, 12
# What is not the model runs in one thread at a time: more of it takes more workers.
MOST_ENCODER_THREADS = 4


def build(config: Config) -> Parts:
    """Everything one process needs to decide; nothing is in force until the first activation.

    Raises ``EncoderError`` when the model cannot be loaded, ``AuditUnavailable`` and ``ConfigError`` when the data
    directory cannot be used. A module-level function: worker processes call it too.
    """
    model, memories = config.model or default_model_directory(), config.data_dir / "memories.bin"
    texts, threads = encoder_share(config)
    encoder = OnnxEncoder.load(model, threads, memories)
    snapshots, encoding = Snapshots(), EncodingQueue(texts, config.encode_queue)
    memory = Memory(config.cache_size, TextLimits(config.limit_utterance_characters, config.limit_clauses))
    data = DataDirectory.open(config, time.time, time.monotonic)
    sealer = Sealer(config.data_dir)
    keep = keeper(sealer, sealed=config.prompts == "encrypted")
    wait, journal, log, reader = config.audit_wait, data.journal, data.log, data.reader
    ledger = Ledger(log, reader, journal, data.keys, keep, new_id, config.issuer, wait)
    ledger.stops_through(data.revocations.order)
    stops, now = data.revocations, time.time
    sessions = SessionPoint(
        snapshots, encoder, encoding, memory, log, reader, journal, stops, keep, now, new_id, wait, data.secret
    )
    grants = GrantPoint(
        log,
        reader,
        journal,
        stops,
        data.keys,
        lambda: snapshots.current().bundle.settings.sessions,
        now,
        new_id,
        config.issuer,
        wait,
    )

    administration = AdministrationPoint(
        snapshots,
        encoder,
        config.bundle,
        now,
        __version__,
        store=config.data_dir / "vectors.npy",
        archive=BundleArchive(config.data_dir),
        activated=data.activated,
    )
    decisions = DecisionPoint(snapshots, encoder, encoding, now, new_id, memory, ledger)
    runtime = RuntimePoints(sessions, grants, stops, AuditPoint(log, reader, sealer, now, wait))
    return _parts(decisions, administration, runtime, data, snapshots, encoding)


def _parts(
    decisions: DecisionPoint,
    administration: AdministrationPoint,
    runtime: RuntimePoints,
    data: DataDirectory,
    snapshots: Snapshots,
    encoding: EncodingQueue,
) -> Parts:
    def revision() -> str:
        current = snapshots.peek()
        return f"{current.bundle.revision}@{data.sequence()}" if current else ""

    async def close() -> None:
        await data.close()
        encoding.close()

    return Parts(
        decisions=decisions,
        administration=administration,
        revision=revision,
        close=close,
        observe=metrics.observe_call,
        runtime=runtime,
        begin=data.begin,
        join=data.revocations.join,
        settled=data.revocations.settled,
        note=data.note,
    )


def encoder_share(config: Config) -> tuple[int, int]:
    """How many texts the model reads at once, and how many threads work on each.

    Measured on two cores: a text on each is 1.3 times as many texts a second as both on one.
    """
    every = config.encoder_threads or max(1, min(MOST_ENCODER_THREADS, cores() // config.workers))
    threads = min(config.threads_per_text, every)
    return every // threads, threads


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def keeper(sealer: Sealer, *, sealed: bool) -> Commit:
    """What the audit log keeps of an utterance: a commitment, and with ``sealed`` the text under its subject's key."""

    async def commit(utterance: str, _subject: str) -> JsonObject:
        salt = secrets.token_bytes(SALT_BYTES)
        return {"commitment": commitment(utterance, salt), "salt": salt.hex(), "characters": len(utterance)}

    def seal(utterance: str, subject: str) -> JsonObject:
        # The salt is sealed too: in clear, a short text could still be guessed and tested once its key is erased.
        salt = secrets.token_bytes(SALT_BYTES)
        return {
            "commitment": commitment(utterance, salt),
            "sealed_salt": sealer.seal(subject, salt.hex(), secrets.token_bytes(NONCE_BYTES)),
            "sealed": sealer.seal(subject, utterance, secrets.token_bytes(NONCE_BYTES)),
            "subject": subject,
            "characters": len(utterance),
        }

    async def sealing(utterance: str, subject: str) -> JsonObject:
        # A subject's first key is written to disk, and nobody else may wait for that.
        return await asyncio.to_thread(seal, utterance, subject)

    return sealing if sealed else commit


def serve(config: Config) -> int:
    """Run the service until a signal ends it; the exit code (0: in order, 1: calls had to be cut off)."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    watch = watch_files(config.bundle, config.watch_interval, config.watch_quiet)
    return run(build, config, run_settings(config, watch, partial(public_keys, config.data_dir)))


def public_keys(directory: Path) -> bytes:
    """The JSON Web Key Set of a data directory, read anew. Raises ``ConfigError``."""
    now = time.time()
    return json.dumps(KeyRing.open(directory / KEYS, now).jwks(now)).encode()


def watch_files(bundle: Path, interval: float, quiet: float) -> StartWatch:
    """What starts a watch on the bundle's files."""
    return lambda notify: BundleWatcher(bundle, interval, quiet, notify)
