"""The committed stubs in ``pdp/v1`` are what ``make stubs`` makes of the protos."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BY_HAND = {"__init__.py"}


def test_the_committed_stubs_are_fresh(tmp_path: Path) -> None:
    """A changed proto cannot be committed without its stubs, nor a stub without its proto."""
    subprocess.run([sys.executable, ROOT / "protos/generate.py", tmp_path], check=True, timeout=60)
    fresh = {p.name: p.read_text() for p in (tmp_path / "pdp/v1").iterdir()}
    committed = {p.name: p.read_text() for p in (ROOT / "pdp/v1").iterdir() if p.is_file() and p.name not in BY_HAND}
    assert sorted(committed) == sorted(fresh), "run `make stubs` and remove stubs without a proto"
    stale = [name for name, text in fresh.items() if committed[name] != text]
    assert not stale, "run `make stubs`"
