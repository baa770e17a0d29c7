"""A prompt can be proved without being kept, kept without being clear, and erased without breaking a proof."""

import base64
import stat
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.prompts import Sealer, commitment, commits
from pdp.errors import AuditUnavailable

SALT = bytes(range(32))
NONCE = bytes(12)
SUBJECT = "alice@example.org"


@given(st.text(), st.text(), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_commitment_is_to_one_text_under_one_salt(text: str, other: str, salt: bytes, other_salt: bytes) -> None:
    """Equal prompts look different in two records."""
    made = commitment(text, salt)
    assert commits(made, salt, text)
    assert commits(made, salt, other) == (text == other)
    assert (commitment(text, other_salt) == made) == (salt == other_salt)


def test_a_short_salt_is_refused() -> None:
    """Sixteen bytes are a mistake somewhere."""
    with pytest.raises(ValueError):
        commitment("x", b"short")


@given(st.text())
def test_what_was_sealed_opens(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """For its subject only."""
    sealer = Sealer(tmp_path_factory.mktemp("data"))
    sealed = sealer.seal(SUBJECT, text, NONCE)
    sealer.seal("bob", text, NONCE)
    assert sealer.open(SUBJECT, sealed) == text
    assert sealer.open("bob", sealed) is None
    assert sealer.open("nobody", sealed) is None


def test_keys_are_private_and_named_after_no_one(tmp_path: Path) -> None:
    """Mode 0600 in a directory of 0700; the name is a digest."""
    Sealer(tmp_path).seal(SUBJECT, "x", NONCE)
    (key,) = (tmp_path / "subjects").iterdir()
    assert key.name == sha256(SUBJECT.encode()).hexdigest() + ".key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_a_changed_text_does_not_open(tmp_path: Path) -> None:
    """Not by one bit, nor cut, nor garbage."""
    sealer = Sealer(tmp_path)
    data = bytearray(base64.b64decode(sealer.seal(SUBJECT, "read it", NONCE)))
    data[-1] ^= 1
    for sealed in (base64.b64encode(data).decode(), base64.b64encode(data[:5]).decode(), "not base64"):
        assert sealer.open(SUBJECT, sealed) is None


def test_forgetting_erases_the_key_and_leaves_the_commitment(tmp_path: Path) -> None:
    """Another process sees it at once; a later prompt gets a new key and does not bring the old one back."""
    sealer, other = Sealer(tmp_path), Sealer(tmp_path)
    made, sealed = commitment("read it", SALT), sealer.seal(SUBJECT, "read it", NONCE)
    assert other.forget(SUBJECT)
    assert sealer.open(SUBJECT, sealed) is None
    assert not other.forget(SUBJECT)
    again = sealer.seal(SUBJECT, "read more", NONCE)
    assert other.open(SUBJECT, again) == "read more"
    assert other.open(SUBJECT, sealed) is None
    assert commits(made, SALT, "read it")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    sealer = Sealer(tmp_path)
    sealed = sealer.seal(SUBJECT, "x", NONCE)
    (key,) = (tmp_path / "subjects").iterdir()
    key.chmod(0o640)
    with pytest.raises(AuditUnavailable, match="chmod 600"):
        sealer.open(SUBJECT, sealed)


def test_a_damaged_key_is_not_replaced_silently(tmp_path: Path) -> None:
    """What it sealed would be lost without anybody noticing."""
    sealer = Sealer(tmp_path)
    sealer.seal(SUBJECT, "x", NONCE)
    (key,) = (tmp_path / "subjects").iterdir()
    key.write_bytes(b"short")
    with pytest.raises(AuditUnavailable, match="is no key"):
        sealer.seal(SUBJECT, "x", NONCE)


def test_many_writers_share_one_key(tmp_path: Path) -> None:
    """Whoever is first makes it; nobody's text is sealed under a key that loses."""
    sealed: list[str] = []
    start = threading.Barrier(8)

    def seal() -> None:
        start.wait()
        sealed.append(Sealer(tmp_path).seal(SUBJECT, "x", NONCE))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Sealer(tmp_path).open(SUBJECT, s) for s in sealed] == ["x"] * 8
    assert len(list((tmp_path / "subjects").iterdir())) == 1
