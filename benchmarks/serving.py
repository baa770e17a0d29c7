"""Servers as child processes: started, waited for, stopped, whatever happens in between."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

LISTENING = re.compile(r"^listening (\S+:\d+)", re.MULTILINE)
START_SECONDS = 300.0


@dataclass(frozen=True)
class Child:
    """A running server: its address, process id, and the seconds from start until it served."""

    address: str
    pid: int
    start_seconds: float


@contextmanager
def child(command: Sequence[str], *, healthy: bool = False) -> Iterator[Child]:
    """Run ``command``, which prints ``listening HOST:PORT``; with ``healthy`` wait until gRPC health says SERVING."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        address = _address(process)
        if healthy:
            _await_serving(address)
        yield Child(address, process.pid, round(time.monotonic() - started, 3))
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("the server has no standard output")
    for line in process.stdout:
        if found := LISTENING.match(line):
            return found.group(1)
    raise RuntimeError(f"the server ended with code {process.wait()} before it listened")


def _await_serving(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="pdp.v1.DecisionService")
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if stub.Check(request, timeout=1.0).status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                pass
            time.sleep(0.02)
    raise RuntimeError(f"the server at {address} did not serve within {START_SECONDS:.0f} s")


def server(bundle: Path, data: Path, *arguments: str) -> AbstractContextManager[Child]:
    """The PDP itself on ``bundle``, with its data in ``data``; further ``arguments`` go to ``pdp serve``."""
    command = [sys.executable, "-m", "pdp", "serve", "--bundle", str(bundle), "--data-dir", str(data), "--listen", "127.0.0.1:0", *arguments]
    return child(command, healthy=True)
