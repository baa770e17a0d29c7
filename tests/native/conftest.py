"""Short ways to derive from each kind of payload with nothing declared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pdp.native import derive
from pdp.types import Action, Derived, Payload, SqlPayload, SshPayload, Target

NOTHING = (Target("", ""), Action(""))


@pytest.fixture
def alone() -> Callable[[Payload], Derived]:
    """Derive with an empty declared pair."""
    return lambda payload: derive(payload, *NOTHING)


@pytest.fixture
def sql() -> Callable[..., Derived]:
    """Derive from SQL text, in the dialect of PostgreSQL unless another is named."""
    return lambda text, dialect="postgres", database="": derive(SqlPayload(text, dialect, database), *NOTHING)


@pytest.fixture
def ssh() -> Callable[[str], Derived]:
    """Derive from a command line on host ``web-1``."""
    return lambda command: derive(SshPayload("web-1", command), *NOTHING)
