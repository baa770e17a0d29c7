"""A house to decide in, opened by the test on its own directory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from pdp.snapshot import Snapshot
from tests.runtime.house import House, open_house

Opens = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def opens(tmp_path: Path) -> Opens:
    """Open the parts of a process on this test's data directory."""

    def opened(current: Snapshot, **changes: Any) -> AbstractAsyncContextManager[House]:
        return open_house(tmp_path / "data", current, **changes)

    return opened
