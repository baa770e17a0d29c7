"""The keys that sign grants: PEM files that only their owner may read, replaced with an overlap.

A file is called ``grant-<from>-<id>.pem``: the Unix second from which its key signs, and the key's RFC 7638
thumbprint. All that several processes must agree on stands in these names: the newest key whose time has come signs,
all are published, and a key goes once no grant it signed can live.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from pdp.errors import ConfigError
from pdp.grant.jwks import PublicKeys
from pdp.grant.model import LONGEST_LIFE
from pdp.types import JsonObject

_NAME = re.compile(r"grant-(\d{12})-([A-Za-z0-9_-]{43})\.pem")
_LOCK = "grant.lock"
_MOST_BYTES = 4_096
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. ``id`` is its ``kid``; it signs from ``signs_from`` (Unix seconds) until the next one does."""

    id: str
    signs_from: int
    private: ECKey = field(repr=False)


class KeyRing:
    """The keys in one directory, shared by processes. A reader sees the keys of one moment."""

    def __init__(self, directory: Path, retire_after: float) -> None:
        self._directory = directory
        self._retire_after = retire_after
        self._names: tuple[str, ...] = ()
        self._keys: tuple[SigningKey, ...] = ()
        self._public = PublicKeys(())

    @classmethod
    def open(cls, directory: Path, now: float, retire_after: float = 60.0) -> KeyRing:
        """The keys in ``directory``; directory and first key are made when there are none.

        ``retire_after`` is how many seconds an old key is kept beyond the longest life of a grant. Raises
        ``ConfigError`` when others may read the keys, or a file is not what its name says.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check(directory, directory.lstat(), stat.S_ISDIR, "700")
            ring = cls(directory, retire_after)
            with _locked(directory):
                if not _names(directory):
                    _create(directory, math.floor(now))
            ring.refresh()
        except OSError as error:
            raise _unusable(directory, error) from error
        return ring

    def signing_key(self, now: float) -> SigningKey:
        """The newest key whose time has come; the oldest one when the clock is behind all of them."""
        return next((k for k in reversed(self._keys) if k.signs_from <= now), self._keys[0])

    def refresh(self) -> bool:
        """Read the directory again when its files are others than before; says whether they were.

        Raises ``ConfigError``; the keys that were loaded stay.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._refresh()
            except FileNotFoundError:
                continue  # another process deleted an old key after its name was read
            except OSError as error:
                raise _unusable(self._directory, error) from error
        raise ConfigError(f"keys: files come and go in {self._directory}; leave it to the PDP")

    def _refresh(self) -> bool:
        names = _names(self._directory)
        if names == self._names:
            return False
        if not names:
            raise ConfigError(f"keys: {self._directory} holds no grant key any more; restore them, or start anew")
        loaded = {_name(k): k for k in self._keys}
        self._keys = tuple(loaded.get(n) or _load(self._directory, n) for n in names)
        self._names = names
        return True

    def rotate(self, now: float, announce: float = 60.0) -> SigningKey:
        """Make the next key and delete those that are done for.

        The new key is published at once and signs after ``announce`` seconds, so that gateways know it first; 0
        when the old one has leaked (then also kill its id). Raises ``ConfigError``.
        """
        with _locked(self._directory):
            self.refresh()
            begin = max(math.floor(now + announce), self._keys[-1].signs_from + 1)
            name = _create(self._directory, begin)
            for key in self._keys:
                if not self._is_needed(key, now):
                    (self._directory / _name(key)).unlink(missing_ok=True)
            self.refresh()
        return next(k for k in self._keys if _name(k) == name)

    def public(self, now: float) -> PublicKeys:
        """The keys that a grant may be signed with, or soon will be; the same object as long as they are the same."""
        needed = [k for k in self._keys if self._is_needed(k, now)]
        public = self._public
        if [k.id for k in needed] != list(public):
            public = PublicKeys(ECKey.import_key(k.private.as_dict(private=False)) for k in needed)
            self._public = public
        return public

    def jwks(self, now: float) -> JsonObject:
        """The same as a JWKS document."""
        return self.public(now).document()

    def _is_needed(self, key: SigningKey, now: float) -> bool:
        ends = next((after.signs_from for k, after in pairwise(self._keys) if k is key), math.inf)
        return now < ends + LONGEST_LIFE + self._retire_after


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Alone among the processes; the kernel lets go when one of them dies."""
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _names(directory: Path) -> tuple[str, ...]:
    return tuple(sorted(p.name for p in directory.iterdir() if _NAME.fullmatch(p.name)))


def _name(key: SigningKey) -> str:
    return f"grant-{key.signs_from:012d}-{key.id}.pem"


def _create(directory: Path, begin: int) -> str:
    """Write a new key; it is there whole or not at all. The name of its file."""
    private = ECKey.generate_key("P-256")
    name = _name(SigningKey(private.thumbprint(), begin, private))
    passing = directory / f".{secrets.token_hex(8)}.new"
    descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(private.as_pem(private=True))
            file.flush()
            os.fsync(file.fileno())
        os.link(passing, directory / name)
    finally:
        passing.unlink(missing_ok=True)
    _sync(directory)
    return name


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(directory: Path, error: OSError) -> ConfigError:
    return ConfigError(f"keys: {error.filename or directory}: {error.strerror}")


def _load(directory: Path, name: str) -> SigningKey:
    found = _NAME.fullmatch(name)
    assert found is not None
    begin, key_id = int(found[1]), found[2]
    data = _read(directory / name)
    try:
        private = ECKey.import_key(data)
    except (JoseError, ValueError, TypeError) as error:
        raise ConfigError(f"keys: {directory / name} holds no EC key as PEM; restore or delete it") from error
    if not private.is_private or private.curve_name != "P-256" or private.thumbprint() != key_id:
        raise ConfigError(
            f"keys: {directory / name} does not hold the private key it is named after; restore or delete it"
        )
    return SigningKey(key_id, begin, private)


def _read(path: Path) -> bytes:
    # The mode is checked on what was opened: a name can be changed in between.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        _check(path, os.fstat(descriptor), stat.S_ISREG, "600")
        return file.read(_MOST_BYTES)


def _check(path: Path, found: os.stat_result, is_kind: Callable[[int], bool], mode: str) -> None:
    if not is_kind(found.st_mode):
        raise ConfigError(f"keys: {path} is neither a plain file nor a directory where one is needed")
    if found.st_uid != os.geteuid():
        raise ConfigError(f"keys: {path} belongs to another user; run: chown {os.geteuid()} {path}")
    if found.st_mode & 0o077:
        shown = stat.S_IMODE(found.st_mode)
        raise ConfigError(f"keys: {path} may be used by others (mode {shown:04o}); run: chmod {mode} {path}")
