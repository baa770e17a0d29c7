"""The table from errors to statuses is complete and its texts are safe to send."""

from __future__ import annotations

import grpc
import pytest

from pdp import errors
from pdp.server.status import STATUS, item_error, public_error


def tree(kind: type[errors.PdpError]) -> list[type[errors.PdpError]]:
    """A class of errors with all below it."""
    return [kind, *(c for sub in kind.__subclasses__() for c in tree(sub))]


@pytest.mark.parametrize("kind", [k for k in tree(errors.PdpError) if k.__module__ == "pdp.errors"])
def test_every_error_has_its_own_line_in_the_table(kind):
    """A new class without a status fails here; none maps to OK."""
    assert STATUS[kind] is not grpc.StatusCode.OK


def test_the_codes_of_errors_are_distinct():
    """Callers act on codes, so no two classes share one."""
    codes = [kind.code for kind in STATUS]
    assert len(set(codes)) == len(codes)


def test_an_unexpected_error_becomes_a_plain_one():
    """What went wrong inside stays inside."""
    error = public_error(KeyError("a secret"), "Decide")
    assert type(error) is errors.PdpError
    assert "secret" not in str(error)


def test_an_item_error_never_has_the_code_of_ok():
    """To be read as deny, it must be recognisable as an error."""
    item = item_error(errors.Overloaded("full", 0.5))
    assert (item.code, item.reason, item.retry_after) == (8, "overloaded", 0.5)
