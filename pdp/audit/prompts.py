"""Prompts in the log: a salted commitment always; the text itself, when asked for, under a key that can be erased.

The leaf hash covers commitment and ciphertext, so erasing a subject's key takes the text away and leaves every proof
valid. Keys lie outside ``audit.db``: backups of the one must not bring back the other.
"""

from __future__ import annotations

import base64
import hmac
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pdp.errors import AuditUnavailable

SALT_BYTES: Final = 32
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
DIRECTORY: Final = "subjects"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def commitment(utterance: str, salt: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of the UTF-8 bytes of ``utterance`` under ``salt``, as hex.

    A salt of its own for each record, 32 random bytes: equal prompts must not look equal, and none can be looked up in
    a table. Raises ``ValueError`` for a salt of another size.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, utterance.encode("utf-8", "surrogatepass"), "sha256").hex()


def commits(committed: str, salt: bytes, utterance: str) -> bool:
    """Whether ``committed`` is the commitment to ``utterance``."""
    return hmac.compare_digest(committed, commitment(utterance, salt))


def random_key() -> bytes:
    """A new key."""
    return AESGCM.generate_key(8 * KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts texts per subject: the principal's id, else the agent's. Safe in many threads and processes.

    Keys are files of mode 0600 under ``<data_dir>/subjects``, named after the SHA-256 of the subject. They are read
    anew each time (about 20 µs), so that a key that was erased is gone in every process at once.
    """

    data_dir: Path
    new_key: Callable[[], bytes] = random_key

    def seal(self, subject: str, plaintext: str, nonce: bytes) -> str:
        """``plaintext`` under the subject's key, made when there is none: base64 of nonce, ciphertext and tag.

        ``nonce``: 12 random bytes, never used twice. Raises ``AuditUnavailable`` when there can be no key.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
        key = self._read(subject) or self._make(subject)
        text = plaintext.encode("utf-8", "surrogatepass")
        return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text, _bound(subject))).decode()

    def open(self, subject: str, sealed: str) -> str | None:
        """What was sealed, or None: the key was erased, or this is not what it sealed. Raises ``AuditUnavailable``."""
        key = self._read(subject)
        if key is None:
            return None
        with suppress(InvalidTag, ValueError):
            data = base64.b64decode(sealed, validate=True)
            text = AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bound(subject))
            return text.decode("utf-8", "surrogatepass")
        return None

    def forget(self, subject: str) -> bool:
        """Erase the subject's key for good; whether there was one. Raises ``AuditUnavailable`` when it may still exist.

        Nothing that was sealed for the subject can be opened again. What is sealed later gets a new key. On disks that
        write elsewhere instead of over (copy-on-write, flash), overwriting helps less than an encrypted disk.
        """
        path = self._path(subject)
        try:
            with path.open("r+b") as file:
                file.write(bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            self._sync()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise AuditUnavailable(
                f"{path}: the key could not be erased ({error.strerror}); remove the file"
            ) from error
        return True

    def _path(self, subject: str) -> Path:
        return self.data_dir / DIRECTORY / f"{_digest(subject).hex()}.key"

    def _read(self, subject: str) -> bytes | None:
        path = self._path(subject)
        try:
            with path.open("rb") as file:
                mode, key = os.fstat(file.fileno()).st_mode, file.read(KEY_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AuditUnavailable(f"{path}: cannot be read ({error.strerror}); mend its owner and mode") from error
        if mode & _OTHERS:
            raise AuditUnavailable(f"{path}: others may read it (mode {mode & 0o777:04o}); run chmod 600 on it")
        if len(key) != KEY_BYTES:
            raise AuditUnavailable(f"{path}: is no key of {KEY_BYTES} bytes; restore it, or run pdp audit forget")
        # Zeros: another process is erasing it this moment.
        return key if any(key) else None

    def _make(self, subject: str) -> bytes:
        path = self._path(subject)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Complete before it has its name, and only one of several processes gives it the name.
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(self.new_key())
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(temporary, path)
            finally:
                Path(temporary).unlink()
            self._sync()
        except OSError as error:
            raise AuditUnavailable(
                f"{path}: no key could be made ({error.strerror}); free space, mend the mode"
            ) from error
        key = self._read(subject)
        if key is None:
            raise AuditUnavailable(f"{path}: the key was erased while it was made; ask again")
        return key

    def _sync(self) -> None:
        """A name is only gone, or there, for good once its directory is on disk."""
        descriptor = os.open(self.data_dir / DIRECTORY, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _digest(subject: str) -> bytes:
    return sha256(subject.encode("utf-8", "surrogatepass")).digest()


def _bound(subject: str) -> bytes:
    # A text that is moved to another subject's record must not open there.
    return b"pdp prompt\0" + _digest(subject)
