"""Signed tree heads as https://c2sp.org/tlog-checkpoint writes them, and the key file that signs them."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from pdp.audit.merkle import HASH_BYTES
from pdp.audit.note import Signer, Verifier, decoded, open_note
from pdp.errors import ConfigError

PRIVATE_MODE = 0o600
OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: ``origin`` names the log, ``root`` is that of its first ``size`` records."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """The text that is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def from_text(cls, text: str) -> Checkpoint:
        """The head that ``text`` states; further lines are passed over. Raises ``ValueError``."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise ValueError("a checkpoint is an origin, a size and a root, each on a line of its own")
        origin, size, root = lines[0], lines[1], decoded(lines[2])
        if not size.isascii() or not size.isdigit() or size != str(int(size)):
            raise ValueError("the size of a checkpoint is a plain number")
        if len(root) != HASH_BYTES:
            raise ValueError(f"the root of a checkpoint has {HASH_BYTES} bytes")
        return cls(origin, int(size), root)


def sign_checkpoint(size: int, root: bytes, signer: Signer) -> str:
    """The signed note for a tree of the log that the key is named after."""
    return signer.sign(Checkpoint(signer.verifier.name, size, root).to_text())


def open_checkpoint(note: str, verifiers: Collection[Verifier]) -> Checkpoint:
    """The head in ``note``, signed by one of ``verifiers`` for the log of its own name.

    Raises ``ValueError`` when it is malformed, unsigned, or signed for another log.
    """
    origin = parse_checkpoint(note).origin
    return Checkpoint.from_text(open_note(note, [v for v in verifiers if v.name == origin]))


def parse_checkpoint(note: str) -> Checkpoint:
    """The head in ``note``, whoever signed it: for bookkeeping, never for trust. Raises ``ValueError``."""
    return Checkpoint.from_text(note.rpartition("\n\n")[0] + "\n")


def load_or_generate(path: Path, origin: str) -> Signer:
    """The key in ``path`` (PEM, mode 0600) for the log ``origin``; made on first use, by whichever process is first.

    Its verifier key is kept beside it in ``<path>.pub``, one line for every key that ever signed, so that what an
    earlier key signed can still be verified. Raises ``ConfigError`` when others may read the file or it holds no key.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _generate(path)
    mode = path.stat().st_mode
    if mode & OTHERS:
        raise ConfigError(f"{path}: others may use this signing key (mode {mode & 0o777:04o}); run: chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: not a private key in PEM; restore the file from a backup") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: a key of another kind; checkpoints are signed with Ed25519")
    signer = Signer(origin, key)
    _publish(path.with_name(path.name + ".pub"), signer.verifier)
    return signer


def _generate(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(name)  # fails when another process was first: its key is the one
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


def _publish(path: Path, verifier: Verifier) -> None:
    if not path.exists() or verifier not in read_verifiers(path):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{verifier}\n")


def read_verifiers(path: Path) -> tuple[Verifier, ...]:
    """The verifier keys in ``path``, one on each line. Raises ``ConfigError`` when one is malformed."""
    try:
        return tuple(Verifier.from_text(line) for line in path.read_text(encoding="utf-8").splitlines() if line)
    except ValueError as error:
        raise ConfigError(f"{path}: not a verifier key (name+hash+base64): {error}") from error
