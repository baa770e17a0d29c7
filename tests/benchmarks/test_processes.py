"""Memory that grows is told from memory that does not, and is that of real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import processes
from benchmarks.processes import by_process, growth

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@given(st.floats(20, 500), st.integers(20, 400), st.randoms(use_true_random=False))
def test_what_only_trembles_does_not_grow(level: float, count: int, draw) -> None:
    """One per cent up and down is nothing."""
    assert not growth([level * draw.uniform(0.995, 1.005) for _ in range(count)])["grew"]


@given(st.floats(20, 500), st.integers(40, 400))
def test_a_leak_is_seen(level: float, count: int) -> None:
    """A tenth more, evenly over the run, and at least 10 MiB."""
    more = max(10.0, level * 0.1)
    assert growth([level + more * n / count for n in range(count)])["grew"]


def test_warming_up_is_no_leak() -> None:
    """What is taken in the first fifth of a run stays."""
    assert not growth([100.0] * 20 + [180.0] * 80)["grew"]


def test_nothing_sampled_is_nothing_grown() -> None:
    """No figure is made up."""
    assert growth([]) == {"first_mib": 0.0, "last_mib": 0.0, "grew": False}


def test_samples_are_kept_apart_by_process() -> None:
    """A worker that is replaced does not look like one that shrinks."""
    assert by_process([{1: 5.0, 2: 7.0}, {1: 6.0}, {1: 6.5, 3: 1.0}]) == {1: [5.0, 6.0, 6.5], 2: [7.0], 3: [1.0]}


@linux
def test_children_of_any_thread_are_counted() -> None:
    """A supervisor starts its workers from a thread of its own."""
    program = (
        "import subprocess, sys, threading\n"
        "def start():\n"
        "    program = [sys.executable, '-c', 'print(1, flush=True); input()']\n"
        "    child = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "    child.stdout.readline()\n"  # until then it may still be what it was forked from
        "    print('ready', flush=True); input(); child.kill()\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "ready\n"
        resident, peaks = processes.resident_mib(parent.pid), processes.peaks_mib(parent.pid)
        parent.communicate("\n", timeout=10)
    assert len(resident) == 2
    assert set(resident) == set(peaks)
    assert all(peaks[pid] >= mib * 0.9 > 0 for pid, mib in resident.items())


@linux
def test_processor_time_is_that_of_the_kernel() -> None:
    """Of this process, to a tenth of a second."""
    times = os.times()
    assert processes.worked_seconds(os.getpid()) == pytest.approx(times.user + times.system, abs=0.1)


@linux
def test_a_process_that_has_ended_takes_nothing() -> None:
    """It is no error."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert processes.resident_mib(ended.pid) == {}
    assert processes.worked_seconds(ended.pid) == 0
