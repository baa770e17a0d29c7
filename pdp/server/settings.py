"""How the whole service runs, as plain values: what the composition root passes in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pdp.server.app import ServerSettings

StartWatch = Callable[[Callable[[], None]], AbstractContextManager[object]]
"""Makes a watch that, while entered, calls its argument (from any thread) after the files have changed and rested."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Times are in seconds. ``metrics_listen`` empty: no metrics port. ``watch`` None: changes go unnoticed.

    ``jwks`` gives the keys that verify grants, for the metrics port.
    """

    server: ServerSettings
    bundle: Path
    workers: int = 1
    metrics_listen: str = ""
    log_level: str = "info"
    log_utterances: bool = False
    activation_limit: float = 120.0
    first_restart_delay: float = 0.5
    longest_restart_delay: float = 30.0
    watch: StartWatch | None = None
    metrics_directory: Path | None = None
    jwks: Callable[[], bytes] | None = None
