"""The metrics port."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry, Counter

from pdp.errors import ConfigError
from pdp.server.exposition import Exposition, of_registry, of_workers


def get(served: Exposition, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{served.address}{path}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def test_metrics_live_and_ready():
    """``/metrics`` gives the registry, ``/ready`` follows readiness, anything else is 404."""
    registry = CollectorRegistry()
    Counter("seen_total", "x", registry=registry).inc(3)
    ready = [False]
    with closing(Exposition("127.0.0.1:0", of_registry(registry), lambda: ready[0])) as served:
        assert "seen_total 3.0" in get(served, "/metrics")[1]
        assert (get(served, "/live")[0], get(served, "/ready")[0], get(served, "/x")[0]) == (200, 503, 404)
        ready[0] = True
        assert get(served, "/ready")[0] == 200


def test_a_caller_that_says_nothing_holds_up_nobody():
    """One silent connection, and metrics are still served."""
    with closing(Exposition("127.0.0.1:0", of_registry(CollectorRegistry()), lambda: True)) as served:
        host, port = served.address.split(":")
        with socket.create_connection((host, int(port))):
            assert get(served, "/live")[0] == 200


def test_a_taken_port_is_a_clear_error():
    """The setting is named."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match="metrics_listen: cannot listen"),
    ):
        Exposition(f"127.0.0.1:{taken.getsockname()[1]}", of_registry(CollectorRegistry()), lambda: True)


def test_the_metrics_of_all_workers_are_summed(tmp_path):
    """Two processes that count to two and three are served as five."""
    code = "import sys; from prometheus_client import Counter; Counter('work_total', 'x').inc(int(sys.argv[1]))"
    for number in ("2", "3"):
        environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path))}
        subprocess.run([sys.executable, "-c", code, number], check=True, env=environment)
    assert b"work_total 5.0" in of_workers(str(tmp_path))()
