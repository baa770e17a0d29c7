"""Keys in real files: made once, for their owner only, replaced without a gap, never in the JWKS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdp.errors import ConfigError, GrantRefused
from pdp.grant import KeyRing, PublicKeys, mint, verify
from tests.grant.samples import KEY, NOW, WANTED, grant, signing_key


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data" / "keys"


def pems(directory) -> list:
    return sorted(directory.glob("grant-*.pem"))


def test_the_first_start_makes_a_key_for_the_owner_only(directory):
    """The next start finds it."""
    ring = KeyRing.open(directory, NOW)
    (file,) = pems(directory)
    assert ring.signing_key(NOW).id in file.name
    assert (file.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (0o600, 0o700)
    assert KeyRing.open(directory, NOW + 9).signing_key(NOW).id == ring.signing_key(NOW).id
    assert {p.name for p in directory.iterdir()} == {file.name, "grant.lock"}


def test_the_umask_does_not_widen_a_mode(directory):
    """Whatever the shell is set to."""
    before = os.umask(0)
    try:
        KeyRing.open(directory, NOW)
    finally:
        os.umask(before)
    assert pems(directory)[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777, 0o610])
def test_a_key_that_others_may_use_is_refused(directory, mode):
    """With the file, its mode and the command that mends it."""
    KeyRing.open(directory, NOW)
    (file,) = pems(directory)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"{file.name}.*mode {mode:04o}.*chmod 600 {file}"):
        KeyRing.open(directory, NOW)
    file.chmod(0o600)
    KeyRing.open(directory, NOW)


def test_a_directory_that_others_may_use_is_refused(directory):
    """Who may write there could put a key of their own."""
    KeyRing.open(directory, NOW)
    directory.chmod(0o755)
    with pytest.raises(ConfigError, match=f"chmod 700 {directory}"):
        KeyRing.open(directory, NOW)


def test_a_file_that_is_not_what_it_says_is_refused(directory):
    """Another key under a known name, text, nothing, a link."""
    KeyRing.open(directory, NOW)
    (file,) = pems(directory)
    good = file.read_bytes()
    for data in (signing_key().private.as_pem(private=True), b"text", b"", KEY.private.as_pem(private=False)):
        file.write_bytes(data)
        with pytest.raises(ConfigError, match=file.name):
            KeyRing.open(directory, NOW)
    file.unlink()
    elsewhere = directory.parent / "elsewhere.pem"
    elsewhere.write_bytes(good)
    elsewhere.chmod(0o600)
    file.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match=file.name):
        KeyRing.open(directory, NOW)


def test_what_cannot_be_made_is_said(tmp_path):
    """A file where the directory should be."""
    (tmp_path / "keys").write_text("")
    with pytest.raises(ConfigError, match="keys"):
        KeyRing.open(tmp_path / "keys", NOW)


def test_the_private_part_stays_here(directory):
    """Neither in the JWKS nor in what a log would show."""
    ring = KeyRing.open(directory, NOW)
    secret = ring.signing_key(NOW).private.as_dict(private=True)["d"]
    text = json.dumps(ring.jwks(NOW))
    assert secret not in text
    assert secret not in repr(ring.signing_key(NOW))
    (shown,) = ring.jwks(NOW)["keys"]
    assert set(shown) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    with pytest.raises(ConfigError, match="private"):
        PublicKeys.read({"keys": [ring.signing_key(NOW).private.as_dict(private=True)]})


def test_rotation_leaves_no_gap(directory):
    """A gateway that reads the JWKS within the announcement knows every key in time, and the old ones long enough."""
    ring = KeyRing.open(directory, NOW, retire_after=60)
    old = ring.signing_key(NOW)
    new = ring.rotate(NOW, announce=60)
    begin = new.signs_from
    assert begin == int(NOW) + 60
    assert ring.signing_key(begin - 1).id == old.id
    assert ring.signing_key(begin).id == new.id
    assert {k["kid"] for k in ring.jwks(NOW)["keys"]} == {old.id, new.id}
    last = mint(grant(begin - 1, expires_at=begin + 299), ring.signing_key(begin - 1))
    verify(last, ring.public(begin + 298), WANTED, begin + 298)
    assert set(ring.public(begin + 359)) == {old.id, new.id}
    assert set(ring.public(begin + 360)) == {new.id}
    with pytest.raises(GrantRefused, match="not in the JWKS"):
        verify(last, ring.public(begin + 360), WANTED, begin + 298)


def test_a_leaked_key_is_replaced_at_once(directory):
    """Without an announcement."""
    ring = KeyRing.open(directory, NOW)
    new = ring.rotate(NOW + 1, announce=0)
    assert ring.signing_key(NOW + 1).id == new.id


def test_old_files_go_with_a_later_rotation(directory):
    """And never before their grants have ended."""
    ring = KeyRing.open(directory, NOW)
    first = ring.signing_key(NOW).id
    ring.rotate(NOW, announce=0)
    ring.rotate(NOW + 100, announce=0)
    assert any(first in p.name for p in pems(directory))
    ring.rotate(NOW + 1_000, announce=0)
    assert not any(first in p.name for p in pems(directory))
    assert len(pems(directory)) == 2


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(-1_000, 1_000), st.sampled_from([0, 60])), max_size=5))
def test_a_key_that_signs_is_published(tmp_path_factory, turns):
    """Whatever the clock does between rotations."""
    directory = tmp_path_factory.mktemp("data") / "keys"
    ring = KeyRing.open(directory, NOW)
    now = NOW
    for step, announce in turns:
        now += step
        ring.rotate(now, announce=announce)
        assert ring.signing_key(now).id in set(ring.public(now))
    assert KeyRing.open(directory, now).signing_key(now).id == ring.signing_key(now).id


def test_another_process_sees_a_rotation(directory):
    """When it looks; and it looks without reading what it knows."""
    one, two = KeyRing.open(directory, NOW), KeyRing.open(directory, NOW)
    assert not two.refresh()
    assert two.public(NOW) is two.public(NOW + 1)
    new = one.rotate(NOW, announce=0)
    assert two.refresh()
    assert not two.refresh()
    assert two.signing_key(NOW + 1).id == new.id
    assert new.id in set(two.public(NOW + 1))


def test_keys_that_vanish_are_no_reason_to_make_others(directory):
    """The loaded ones go on; the loss is said."""
    ring = KeyRing.open(directory, NOW)
    pems(directory)[0].unlink()
    with pytest.raises(ConfigError, match="no grant key"):
        ring.refresh()
    assert ring.signing_key(NOW)


STARTER = """
import sys
from pathlib import Path
from pdp.grant import KeyRing
print(KeyRing.open(Path(sys.argv[1]), 1_800_000_000.0).signing_key(1_800_000_000.0).id)
"""


def test_processes_that_start_together_agree_on_one_key(directory):
    """One file, one id."""
    command = [sys.executable, "-c", STARTER, str(directory)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(ids) == len(pems(directory)) == 1


def test_readers_are_not_disturbed_by_rotations(directory):
    """Files go while others read the directory."""
    ring, reader = KeyRing.open(directory, NOW), KeyRing.open(directory, NOW)
    failures = []

    def read() -> None:
        try:
            for _ in range(200):
                reader.refresh()
                reader.signing_key(NOW)
        except ConfigError as error:
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(30):
        ring.rotate(NOW + turn * 1_000, announce=0)
    thread.join()
    assert failures == []


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": "x"}',
        '{"keys": []}',
        "[" * 100_000,
        {"keys": [{"kty": "oct", "k": "AA"}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [1] * 65},
    ],
    ids=lambda d: str(d)[:40],
)
def test_a_jwks_that_cannot_be_used_is_refused(document):
    """Rather than a gateway that refuses everything later."""
    with pytest.raises(ConfigError, match="JWKS"):
        PublicKeys.read(document)


def test_keys_of_other_kinds_are_passed_over(directory):
    """RFC 7517, section 5; and an id must be the key's own."""
    ring = KeyRing.open(directory, NOW)
    (good,) = ring.jwks(NOW)["keys"]
    others = [{"kty": "oct", "k": "AA"}, {"kty": "new"}, {**good, "use": "enc"}, {**good, "alg": "ES384"}, 1, None]
    assert set(PublicKeys.read(json.dumps({"keys": [*others, good]}))) == {good["kid"]}
    with pytest.raises(ConfigError, match="thumbprint"):
        PublicKeys.read({"keys": [{**good, "kid": "mine"}]})
