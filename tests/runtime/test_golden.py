"""Request, decision, record: for every answer of runtime authority the record that it leaves, word by word.

``golden.json`` holds the records; ``python -m tests.runtime.golden`` writes it anew, to be read before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.golden import CASES, FILE, outcome, plain

GOLDEN = json.loads(FILE.read_text())


@pytest.mark.parametrize("name", CASES)
async def test_a_request_its_decision_and_its_record(name: str, tmp_path: Path) -> None:
    """What is answered, why, whether there is a grant, and every record that was written on the way."""
    assert plain(await outcome(name, tmp_path)) == plain(GOLDEN[name])


def test_the_file_has_no_case_that_nobody_looks_at() -> None:
    """Cases that are gone are gone from the file."""
    assert set(GOLDEN) == set(CASES)
