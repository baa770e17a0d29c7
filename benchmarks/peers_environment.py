"""An environment for each peer, made from pinned packages, and the adapter that runs in it as a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers_adapters.loop import Question

ROOT = Path(__file__).parents[1]
INSTALL_SECONDS = 900
LOG_CHARACTERS = 600


class Unusable(RuntimeError):
    """A peer that could not be installed, started or asked; the message is what its programs said last."""


def environment(directory: Path, pins: Sequence[str]) -> Path:
    """The Python of a virtual environment with exactly ``pins`` asked for, made below ``directory`` if it is not there.

    Packages come from wherever pip is set up to take them. Raises ``Unusable``.
    """
    python, mark = directory / "bin" / "python", directory / "pins.json"
    wanted = json.dumps(list(pins))
    if python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    directory.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", str(directory)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins])
    mark.write_text(wanted, encoding="utf-8")
    return python


def installed(python: Path) -> list[str]:
    """Every package of an environment with its version."""
    return _run([str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]).split()


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        raise Unusable(error.stderr.strip()[-LOG_CHARACTERS:]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(str(error)) from error
    return done.stdout


@dataclass(frozen=True)
class Adapter:
    """A running adapter. ``ways``: the names it answers to."""

    process: subprocess.Popen[str]
    log: Path
    ways: list[str] = field(default_factory=list)

    def ask(self, way: str, questions: Sequence[Question]) -> tuple[list[float], list[str]]:
        """Seconds and answer of each question. Raises ``Unusable`` when the adapter has ended."""
        answer = self.exchange({"way": way, "questions": questions})
        return answer["seconds"], answer["answers"]

    def exchange(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """One line there, one line back. Raises ``Unusable``."""
        if self.process.stdin is None or self.process.stdout is None:
            raise Unusable("the adapter has no pipes")
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise Unusable(self.log.read_text(encoding="utf-8", errors="replace").strip()[-LOG_CHARACTERS:])
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def adapter(python: Path, module: str, settings: Mapping[str, Any], log: Path) -> Iterator[Adapter]:
    """Run a ``module`` of ``peers_adapters`` with ``python``; what it prints goes to ``log``. Raises ``Unusable``."""
    # The development environment's packages must not be seen from another one.
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [str(python), "-m", f"benchmarks.peers_adapters.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**kept, "TOKENIZERS_PARALLELISM": "false"},
        )
        try:
            running = Adapter(process, log)
            running.ways.extend(running.exchange(settings)["ways"])
            yield running
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
