"""Servers as child processes: started, waited for, stopped, whatever happens in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

# 70,000 texts, each run alone by the model, where a pass takes 7 ms.
START_SECONDS = 900.0


@dataclass(frozen=True)
class Child:
    """A running server: its address, process id, and the seconds from start until it served."""

    address: str
    pid: int
    start_seconds: float


@contextmanager
def child(command: Sequence[str], *, healthy: bool = False) -> Iterator[Child]:
    """Run ``command``, which prints ``{"event": "listening", "address": ...}``; with ``healthy`` wait for SERVING."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        address = _address(process)
        if healthy:
            _await_serving(address, process)
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
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "listening":
            return str(event["address"])
    raise RuntimeError(f"the server ended with code {process.wait()} before it listened")


def _await_serving(address: str, process: subprocess.Popen[str]) -> None:
    with grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        request = health_pb2.HealthCheckRequest(service="pdp.v1.DecisionService")
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if (code := process.poll()) is not None:
                raise RuntimeError(f"the server ended with code {code} before it served; its log stands above")
            try:
                if check(request, timeout=1.0).status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                pass
            time.sleep(0.02)
    raise RuntimeError(f"the server at {address} did not serve within {START_SECONDS:.0f} s")


def server(bundle: Path, data: Path, *arguments: str) -> AbstractContextManager[Child]:
    """The PDP itself on ``bundle``, with its data in ``data``; further ``arguments`` go to ``pdp serve``."""
    data.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pdp",
        "serve",
        "--bundle",
        str(bundle),
        "--data-dir",
        str(data),
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "",
        *arguments,
    ]
    return child(command, healthy=True)
