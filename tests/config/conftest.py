"""A directory with a bundle and certificates to configure a service with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.certificates import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def place(tmp_path, authority) -> Path:
    """``bundle/``, ``server.crt``, ``server.key``, ``ca.pem``."""
    (tmp_path / "bundle").mkdir()
    authority.sign("localhost", dns=("localhost",)).write(tmp_path, "server")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return tmp_path
