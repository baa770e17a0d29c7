"""Signed notes as https://c2sp.org/signed-note writes them, with Ed25519 keys. Pure but for the making of a key.

A note is a text that ends with a newline, an empty line, and lines ``— <name> <base64(key hash, signature)>``. The key
hash is the first four bytes of SHA-256(name, newline, algorithm byte, public key).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"\x01"
KEY_BYTES = 32
KEY_HASH_BYTES = 4
DASH = "\N{EM DASH} "

# A note may carry the signatures of witnesses too; nothing honest comes near these.
MAX_SIGNATURES = 100
MAX_CHARACTERS = 1_000_000


def _check_name(name: str) -> None:
    if not name.isprintable() or not name or "+" in name or any(c.isspace() for c in name):
        raise ValueError(f"a key name is not empty and has no spaces, control characters or plus signs: {name!r}")


def decoded(text: str) -> bytes:
    """Standard base64, canonical: one text for one value. Raises ``ValueError``."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
    if base64.b64encode(value).decode() != text:
        raise ValueError("not canonical base64")
    return value


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name, both as ``name+hash+base64``."""

    name: str
    key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        Ed25519PublicKey.from_public_bytes(self.key)

    @property
    def key_hash(self) -> bytes:
        """Four bytes that tell keys of one name apart; no protection."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:KEY_HASH_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"

    @classmethod
    def from_text(cls, text: str) -> Verifier:
        """The key that ``str`` wrote. Raises ``ValueError``, also for another algorithm or a wrong hash."""
        name, _, rest = text.partition("+")
        key_hash, _, encoded = rest.partition("+")
        key = decoded(encoded)
        if key[:1] != ED25519:
            raise ValueError("a verifier key of a log is an Ed25519 key (algorithm byte 0x01)")
        verifier = cls(name, key[1:])
        if verifier.key_hash.hex() != key_hash:
            raise ValueError("the hash in the verifier key is not that of the key")
        return verifier

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``text``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class Signer:
    """A private key with its name."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Verifier(name, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key."""
        return cls(name, Ed25519PrivateKey.generate())

    def sign(self, text: str) -> str:
        """The signed note. ``text`` ends with a newline."""
        _check_text(text)
        signature = base64.b64encode(self.verifier.key_hash + self._key.sign(text.encode())).decode()
        return f"{text}\n{DASH}{self.verifier.name} {signature}\n"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise ValueError("the text of a note ends with a newline and has no other control characters")


def open_note(note: str, verifiers: Collection[Verifier]) -> str:
    """The text of ``note``, signed by at least one of ``verifiers``; signatures of unknown keys are passed over.

    Raises ``ValueError`` when the note is malformed, when none of the keys has signed it, or when the signature of one
    of them is wrong.
    """
    text, signatures = _parts(note)
    known = {(v.name, v.key_hash): v for v in verifiers}
    signed = False
    for name, value in signatures:
        verifier = known.get((name, value[:KEY_HASH_BYTES]))
        if verifier is None:
            continue
        if not verifier.verifies(text, value[KEY_HASH_BYTES:]):
            raise ValueError(f"the signature of {name} is not of this text")
        signed = True
    if not signed:
        raise ValueError("none of the known keys has signed the note")
    return text


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    text, empty, rest = note.rpartition("\n\n")
    text += "\n"
    if not empty or not rest.endswith("\n") or len(note) > MAX_CHARACTERS:
        raise ValueError("a signed note is a text, an empty line and signatures, and at most a million characters")
    _check_text(text)
    lines = rest[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ValueError(f"a note has at most {MAX_SIGNATURES} signatures")
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise ValueError("a signature line is a dash, a name and a signature")
    _check_name(name)
    value = decoded(encoded)
    if len(value) <= KEY_HASH_BYTES:
        raise ValueError("a signature is longer than its key hash")
    return name, value
