"""Checkpoints are signed notes that other programs of the C2SP family can read, and we read theirs."""

from __future__ import annotations

import base64
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.checkpoint import (
    Checkpoint,
    load_or_generate,
    open_checkpoint,
    parse_checkpoint,
    read_verifiers,
    sign_checkpoint,
)
from pdp.audit.note import Signer, Verifier, open_note
from pdp.errors import ConfigError

# Of golang.org/x/mod/sumdb/note: its tests sign this text with this key.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
GO_NOTE = f"{GO_TEXT}\n{GO_LINE}"

# The example of c2sp.org/tlog-checkpoint.
C2SP = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
ROOT = bytes(range(32))


@pytest.fixture
def signer():
    return Signer("pdp.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))


def test_a_note_of_another_implementation_is_opened():
    assert open_note(GO_NOTE, [Verifier.from_text(GO_KEY)]) == GO_TEXT


def test_the_same_key_makes_the_same_note():
    """Ed25519 has one signature for a text, so ours is theirs byte for byte."""
    signer = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED))
    assert str(signer.verifier) == GO_KEY
    assert signer.sign(GO_TEXT) == GO_NOTE


@given(st.integers(0, len(GO_KEY) - 1))
def test_a_mangled_verifier_key_is_refused(at):
    changed = GO_KEY[:at] + chr(ord(GO_KEY[at]) + 1) + GO_KEY[at + 1 :]
    for text in (changed, GO_KEY[:at], GO_KEY[at + 1 :]):
        with pytest.raises(ValueError):
            Verifier.from_text(text)


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, hash adjusted
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # other algorithm, hash adjusted
    ],
)
def test_a_verifier_key_of_another_kind_is_refused(key):
    with pytest.raises(ValueError):
        Verifier.from_text(key)


def test_the_published_checkpoint_is_read():
    checkpoint = parse_checkpoint(C2SP)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert C2SP.startswith(checkpoint.to_text())


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_back_as_it_was_signed(size, root):
    signer = Signer("pdp.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    note = sign_checkpoint(size, root, signer)
    assert open_checkpoint(note, [signer.verifier]) == Checkpoint("pdp.example/log", size, root)


@given(st.data())
def test_no_changed_note_is_opened(data):
    """One character changed, dropped or doubled anywhere."""
    signer = Signer("pdp.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    note = sign_checkpoint(7, ROOT, signer)
    at = data.draw(st.integers(0, len(note) - 1))
    new = data.draw(
        st.sampled_from(("", note[at] * 2, "x" if note[at] != "x" else "y", "\n" if note[at] != "\n" else " "))
    )
    with pytest.raises(ValueError):
        open_checkpoint(note[:at] + new + note[at + 1 :], [signer.verifier])


def test_an_unsigned_checkpoint_is_refused(signer):
    """Without a signature, with that of an unknown key, and with none of the keys known."""
    text = Checkpoint("pdp.example/log", 7, ROOT).to_text()
    strange = Signer.generate("pdp.example/log").sign(text)
    for note in (text, text + "\n", strange):
        with pytest.raises(ValueError):
            open_checkpoint(note, [signer.verifier])
    with pytest.raises(ValueError, match="none of the known keys"):
        open_checkpoint(signer.sign(text), [])


def test_a_further_signature_is_passed_over(signer):
    """Of a witness, or of the key before or after a rotation."""
    text = Checkpoint("pdp.example/log", 7, ROOT).to_text()
    witness = Signer.generate("witness.example").sign(text).removeprefix(text + "\n")
    assert open_checkpoint(signer.sign(text) + witness, [signer.verifier]).size == 7
    assert open_checkpoint(f"{text}\n{witness}{signer.sign(text).removeprefix(text)[1:]}", [signer.verifier]).size == 7


def test_a_checkpoint_of_another_log_is_refused(signer):
    """A known key does not speak for a log that is not its own."""
    note = signer.sign(Checkpoint("pdp.example/other", 7, ROOT).to_text())
    with pytest.raises(ValueError, match="none of the known keys"):
        open_checkpoint(note, [signer.verifier])


@pytest.mark.parametrize(
    "lines",
    [
        ["o", "7"],
        ["o", "07", "AAAA"],
        ["o", "-7", base64.b64encode(ROOT).decode()],
        ["o", "٧", base64.b64encode(ROOT).decode()],
        ["o", "7", base64.b64encode(ROOT[1:]).decode()],
        ["", "7", base64.b64encode(ROOT).decode()],
        ["o", "7", base64.b64encode(ROOT).decode(), ""],
        ["o", "7", base64.b64encode(ROOT).decode().rstrip("=")],
    ],
)
def test_a_malformed_checkpoint_is_refused(lines):
    with pytest.raises(ValueError):
        Checkpoint.from_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("text", ["no newline", "a tab\t\n"])
def test_a_text_that_is_no_note_is_not_signed(signer, text):
    with pytest.raises(ValueError, match="newline"):
        signer.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\0b"])
def test_a_name_that_breaks_the_format_is_refused(name):
    with pytest.raises(ValueError, match="key name"):
        Signer.generate(name)


def test_a_key_is_made_once_and_kept_private(tmp_path):
    path = tmp_path / "keys" / "checkpoint.pem"
    made, loaded = load_or_generate(path, "pdp.example/log"), load_or_generate(path, "pdp.example/log")
    assert made.verifier == loaded.verifier
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in sorted(path.parent.iterdir())] == ["checkpoint.pem", "checkpoint.pem.pub"]
    assert read_verifiers(path.with_name("checkpoint.pem.pub")) == (made.verifier,)


def test_every_key_that_ever_signed_stays_known(tmp_path):
    """A rotated key's checkpoints are still verified."""
    path = tmp_path / "checkpoint.pem"
    first = load_or_generate(path, "pdp.example/log")
    path.unlink()
    second = load_or_generate(path, "pdp.example/log")
    assert read_verifiers(path.with_name("checkpoint.pem.pub")) == (first.verifier, second.verifier)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "checkpoint.pem"
    load_or_generate(path, "pdp.example/log")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"mode {mode:04o}.*chmod 600"):
        load_or_generate(path, "pdp.example/log")


def test_a_file_that_holds_no_such_key_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pem"
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, wanted in ((b"", "not a private key"), (b"\xff\0", "not a private key"), (other, "Ed25519")):
        path.write_bytes(content)
        os.chmod(path, 0o600)  # noqa: PTH101
        with pytest.raises(ConfigError, match=wanted):
            load_or_generate(path, "pdp.example/log")


def test_a_damaged_list_of_verifier_keys_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pem.pub"
    path.write_text("nonsense\n")
    with pytest.raises(ConfigError, match=r"checkpoint\.pem\.pub"):
        read_verifiers(path)
