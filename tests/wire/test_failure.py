"""Errors keep their class, text and particulars on the way to the caller."""

from __future__ import annotations

import pytest
from hypothesis import given

from pdp import errors
from pdp.wire.failure import (
    PROBLEMS_BYTES,
    TEXT_CHARACTERS,
    error_of,
    error_of_metadata,
    metadata_of,
    public_text,
)
from tests.wire import strategies as given_

PROBLEM = errors.Problem("a.yaml", 1, 2, "wrong", "mend it")
EVERY = [
    errors.InvalidRequest("action.params", "is wrong: really"),
    errors.LimitExceeded("utterance", "has 5 characters; the limit is 4"),
    errors.Unauthenticated("who?"),
    errors.PermissionDenied("no"),
    errors.Overloaded("full", 0.25),
    errors.DeadlineTooShort("late"),
    errors.NotReady("wait"),
    errors.NotFound("nothing"),
    errors.EncoderError("model"),
    errors.ConfigError("setting"),
    errors.BundleError((PROBLEM,)),
    errors.BundleTestsFailed((PROBLEM, PROBLEM)),
    errors.EncoderMismatch((PROBLEM,)),
    errors.PdpError("something"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda e: e.code)
def test_an_error_arrives_as_what_it_was(error):
    """Class, text, field, retry hint and problems."""
    back = error_of_metadata(public_text(error), metadata_of(error))
    assert (type(back), str(back)) == (type(error), str(error))
    assert vars(back) == vars(error)


def test_an_error_without_our_code_is_not_ours():
    """The transport's own errors are told apart."""
    assert error_of_metadata("x", ()) is None
    assert error_of_metadata("x", (("pdp-reason", b"binary"),)) is None


def test_a_code_of_a_later_version_is_still_an_error():
    """Unknown codes give the root of the tree."""
    assert type(error_of("from_the_future", "x")) is errors.PdpError


def test_metadata_that_makes_no_sense_does_no_harm():
    """A broken hint or broken problems are left out."""
    broken = (("pdp-reason", "overloaded"), ("retry-after-ms", "soon"))
    assert error_of_metadata("x", broken).retry_after == 0.0
    broken = (("pdp-reason", "bundle_invalid"), ("pdp-problems-bin", b"\xff\xff"))
    assert error_of_metadata("x", broken).problems[0].message == "x"


@given(given_.problems)
def test_what_travels_stays_small_enough_for_headers(problems):
    """However many mistakes a bundle has, text and problems fit into a header list of 8 KiB."""
    error = errors.BundleError(problems * 200)
    assert len(public_text(error)) <= TEXT_CHARACTERS
    packed = dict(metadata_of(error))["pdp-problems-bin"]
    assert len(packed) <= PROBLEMS_BYTES
    back = error_of_metadata("x", metadata_of(error)).problems
    assert not problems or back == error.problems[: len(back)]


def test_a_text_cut_short_says_where_the_rest_is():
    """An administrator is sent to CheckBundle."""
    text = public_text(errors.BundleError((PROBLEM,) * 500))
    assert text.endswith(" … CheckBundle lists all of it")
