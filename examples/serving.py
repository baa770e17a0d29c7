"""A real server for the demo: a process of its own, a free port, a data directory that goes when it does."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class DemoFailed(Exception):
    """The text says what went wrong."""


@contextmanager
def process(bundle: Path, data: Path | None = None, *settings: str) -> Iterator[subprocess.Popen[str]]:
    """A server on ``bundle`` in a process of its own, on a free port of the loopback interface.

    Everything that lasts is below ``data``; without one in a directory that is removed at the end.
    """
    with TemporaryDirectory(prefix="pdp-demo-", ignore_cleanup_errors=True) as passing:
        command = [sys.executable, "-m", "pdp", "serve", "--bundle", str(bundle), "--listen", "127.0.0.1:0"]
        command += ["--metrics-listen", "", "--data-dir", str(data or Path(passing) / "data"), "--log-level", "warning"]
        with subprocess.Popen([*command, *settings], cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as child:
            try:
                yield child
            finally:
                stop(child)


def stop(child: subprocess.Popen[str]) -> None:
    """Let the server write what it must; one that does not end is killed, so that nothing stays behind."""
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def address(bundle: str, child: subprocess.Popen[str]) -> str:
    """Where the server listens, once it answers decisions."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=follow, args=(child, lines), daemon=True).start()
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            line = lines.get(timeout=max(until - time.monotonic(), 0.0))
        except queue.Empty:
            raise DemoFailed(f"the server on {bundle} did not serve within {START_SECONDS:.0f} s") from None
        if not line:
            raise DemoFailed(f"the server on {bundle} ended with code {child.wait()}; its log stands above")
        event = json.loads(line)
        if event["event"] == "serving":
            return str(event["address"])


def follow(child: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Pass on what the server announces, then an empty line for its end."""
    for line in child.stdout or ():
        lines.put(line)
    lines.put("")
