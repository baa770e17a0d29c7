"""The command line: each command parses, calls one function elsewhere and prints."""

import os

# Before numpy is loaded anywhere: its own threads only get in the way of products this small, and of other processes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pdp.cli.run import main

__all__ = ["main"]
