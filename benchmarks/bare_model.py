"""What the model alone can do: ``python -m benchmarks.bare_model --seconds S --way encoder|judgement``.

Reads unseen texts one after the other in one thread, with nothing around it; ``judgement`` also judges each against one
intent, as a decision must. Prints ``ready``, begins at a line of standard input and prints how many texts it did in a
second. One process for each worker process of the service is the ceiling of what that service can reach.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import workload
from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, OnnxEncoder, default_model_directory
from pdp.snapshot import one_line

WAYS = ("encoder", "judgement")


def judgement(encoder: OnnxEncoder) -> Callable[[str], object]:
    """A text read and judged against the first intent of a generated bundle."""
    name = workload.names(1)[0]
    described = one_line(f"Read the {name}s of an account.", ("table",), ("read", "list"))
    kept = [encoder.remember(described, DESCRIPTION)]
    kept += [encoder.remember(e.format(name=name), EXEMPLAR) for e in workload.EXEMPLARS]

    def judge(text: str) -> object:
        return encoder.judge(encoder.read(text), np.concatenate(kept, axis=1))

    return judge


def per_second(way: Callable[[str], object], seconds: float, seed: int) -> float:
    """Texts done per second."""
    texts = workload.texts(workload.names(1)[0], seed)
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        way(next(texts))
        count += 1
    return count / (time.perf_counter() - begun)


def throughput(way: str, processes: int, seconds: float) -> float:
    """Texts per second of ``processes`` processes at once."""
    base = [sys.executable, "-m", "benchmarks.bare_model", "--seconds", str(seconds), "--way", way, "--seed"]
    children = [
        subprocess.Popen([*base, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(processes)
    ]
    try:
        for child in children:
            if child.stdout is None or child.stdout.readline() != "ready\n":
                raise RuntimeError(f"the bare model ended with code {child.wait()}")
        for child in children:
            if child.stdin:
                child.stdin.write("go\n")
                child.stdin.flush()
        return round(sum(float(child.communicate(timeout=seconds + 60)[0]) for child in children), 1)
    finally:
        for child in children:
            child.kill()
            child.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare_model", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--way", choices=WAYS, default="judgement")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    encoder = OnnxEncoder.load(default_model_directory())
    way = judgement(encoder) if options.way == "judgement" else encoder.read
    per_second(way, 0.3, 99)
    print("ready", flush=True)
    sys.stdin.readline()
    print(per_second(way, options.seconds, options.seed), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
