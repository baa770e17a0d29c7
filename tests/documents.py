"""The README's examples: found, run for real, compared; ``python -m tests.documents`` (``make readme``) renews them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from examples.demo import address, process

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SERVED = "127.0.0.1:50051"
SHELL = re.compile(r"```console\n(?P<body>\$ .*?)```\n", re.DOTALL)
PYTHON = re.compile(r"```python\n(?P<code>.*?)```\n\n```text\n(?P<output>.*?)```\n", re.DOTALL)
BUNDLE = re.compile(r"pdp serve --bundle ([\w./-]+)")
# What differs from run to run and machine to machine: times, and the digests of files that are allowed to change.
CHANGING = (
    (re.compile(r"\d+\.\d+ ms"), "_ ms"),
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:_"),
    (re.compile(r"[█┆┃·]{20,}"), "(bar)"),
)
# An int8 model does not say quite the same on every processor.
SCORE = re.compile(r"\b[01]\.\d\d\b")
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Example:
    """A block of the README between two offsets, and what it should be."""

    start: int
    end: int
    written: str
    real: str

    @property
    def fresh(self) -> bool:
        """Whether the README says what is printed, apart from what changes from run to run; scores nearly so."""
        pairs = zip(SCORE.findall(self.written), SCORE.findall(self.real), strict=False)
        near = all(abs(float(a) - float(b)) <= TOLERANCE for a, b in pairs)
        return near and SCORE.sub("_", masked(self.written)) == SCORE.sub("_", masked(self.real))


def masked(text: str) -> str:
    """``text`` without what changes from run to run, and without spaces at line ends."""
    for pattern, stand_in in CHANGING:
        text = pattern.sub(stand_in, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def examples(text: str) -> Iterator[Example]:
    """Run every example in ``text``, in its order, in one directory that holds ``examples/`` and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "examples").symlink_to(ROOT / "examples")
        for found in SHELL.finditer(text):
            real = "".join(f"$ {c}\n{shell(c, Path(directory))}" for c in commands(found["body"]))
            yield Example(*found.span("body"), found["body"], real)
    for found in PYTHON.finditer(text):
        bundle = BUNDLE.findall(text[: found.start()])[-1]
        yield Example(*found.span("output"), found["output"], python(found["code"], bundle))


def commands(body: str) -> Iterator[str]:
    """The commands of a shell block."""
    yield from (line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ "))


def shell(command: str, directory: Path) -> str:
    """What ``command``, which begins with ``pdp``, prints."""
    return printed([sys.executable, "-m", *shlex.split(command)], directory)


def python(code: str, bundle: str) -> str:
    """What ``code`` prints when a server on ``bundle`` answers it."""
    with process(ROOT / bundle) as server:
        return printed([sys.executable, "-c", code.replace(SERVED, address(bundle, server))], ROOT)


def printed(command: list[str], directory: Path) -> str:
    """Standard output, without colours, whatever the exit code; a traceback fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines()) + "\n"


def renew(text: str) -> str:
    """``text`` with the real output of every example."""
    for example in sorted(examples(text), key=lambda e: -e.start):
        text = text if example.fresh else text[: example.start] + example.real + text[example.end :]
    return text


if __name__ == "__main__":
    README.write_text(renew(README.read_text(encoding="utf-8")), encoding="utf-8")
