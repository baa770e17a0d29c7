"""A key, entries, and logs on real files."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.read import AuditReader


@pytest.fixture
def signer():
    """A key that is the same in every process of a test."""
    return Signer("pdp.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))


@pytest.fixture
def open_log(tmp_path, signer):
    """Opens logs in one directory, and closes them."""
    logs = []

    def open_(**settings):
        logs.append(AuditLog.open(tmp_path / "data", signer, **settings))
        return logs[-1]

    yield open_
    for log in logs:
        log.close()


@pytest.fixture
def open_reader(tmp_path):
    """Opens readers of that directory, and closes them."""
    readers = []

    def open_():
        readers.append(AuditReader.open(tmp_path / "data"))
        return readers[-1]

    yield open_
    for reader in readers:
        reader.close()
