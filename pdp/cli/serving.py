"""``serve``: its options are the settings, so ``pdp.config`` reads them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pdp.cli.exits import Exit
from pdp.config import load
from pdp.wiring import serve as run_service


def serve(arguments: argparse.Namespace) -> Exit:
    """Serve until a signal ends it."""
    return Exit(run_service(load(arguments.settings, os.environ, Path.cwd())))
