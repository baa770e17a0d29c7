"""How a process shares the machine with its siblings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdp import wiring
from pdp.config import Config


@pytest.mark.parametrize(
    ("cores", "workers", "asked", "on_one", "share"),
    [
        (2, 1, 0, 1, (2, 1)),
        (2, 2, 0, 1, (1, 1)),
        (2, 3, 0, 1, (1, 1)),
        (64, 1, 0, 1, (4, 1)),
        (8, 4, 0, 2, (1, 2)),
        (64, 1, 0, 2, (2, 2)),
        (2, 1, 1, 4, (1, 1)),
        (2, 2, 8, 3, (2, 3)),
    ],
)
def test_encoder_threads_are_a_share_of_the_cores_unless_they_are_named(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int, asked: int, on_one: int, share: tuple[int, int]
) -> None:
    monkeypatch.setattr(wiring, "cores", lambda: cores)
    config = Config(bundle=Path("b"), workers=workers, encoder_threads=asked, threads_per_text=on_one)
    assert wiring.encoder_share(config) == share


def test_this_machine_has_a_core() -> None:
    assert wiring.cores() >= 1
