"""Requests from files and options."""

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pdp.cli.arguments import parser
from pdp.cli.exits import Usage
from pdp.cli.requests import read_request
from pdp.errors import BundleError, InvalidRequest
from pdp.types import SqlPayload

DOCUMENT: dict[str, Any] = {
    "agent": "assistant",
    "principal": {"id": "noor", "attributes": {"team": "a"}},
    "utterance": "Show my mail",
    "target": {"kind": "mailbox", "name": "own", "attributes": {"region": "eu"}},
    "action": {"name": "search", "params": {"limit": 5}},
}


def arguments(*words: str) -> argparse.Namespace:
    """The command line of ``pdp decide``."""
    return parser().parse_args(["decide", *words])


def written(directory: Path, text: str) -> str:
    """A file with ``text``."""
    path = directory / "request.yaml"
    path.write_text(text)
    return str(path)


def test_a_request_is_read_from_json(tmp_path: Path) -> None:
    """Ids may be written bare or with attributes."""
    read = read_request(arguments("--request", written(tmp_path, json.dumps(DOCUMENT))))
    assert (read.agent.id, read.principal.attributes["team"], read.action.params["limit"]) == ("assistant", "a", 5)


def test_a_line_of_a_bundles_tests_can_be_pasted(tmp_path: Path) -> None:
    """A whole test, with its name and expectation, is as good as its request."""
    text = "name: a test\nexpect: {effect: deny}\nrequest: {agent: a, action: {name: go}, target: {kind: k, name: x}}\n"
    assert read_request(arguments("--request", written(tmp_path, text))).action.name == "go"


def test_a_request_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` makes pipes work."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(DOCUMENT).encode())))
    assert read_request(arguments("--request", "-")).utterance == "Show my mail"


def test_options_override_the_file(tmp_path: Path) -> None:
    """What they do not name stays as it is."""
    words = (
        "--agent",
        "other",
        "--param",
        "query=lease",
        "--param",
        "limit=7",
        "--target",
        "drive:a:b",
        "--action",
        "find",
    )
    read = read_request(arguments("--request", written(tmp_path, json.dumps(DOCUMENT)), *words))
    assert read.agent.id == "other"
    assert (read.target.kind, read.target.name, read.target.attributes) == ("drive", "a:b", {"region": "eu"})
    assert read.action.name == "find"
    assert read.action.params == {"limit": 7, "query": "lease"}


def test_a_payload_is_given_as_json() -> None:
    """Target and action may then be left to be derived."""
    read = read_request(arguments("--agent", "a", "--utterance", "u", "--payload", '{"sql": {"text": "select 1"}}'))
    assert read.payload == SqlPayload("select 1")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), Usage),
        (("--param", "x"), Usage),
        (("--payload", "{"), Usage),
        (("--request", "no/such/file"), Usage),
        (("--agent", "a"), InvalidRequest),
        (("--agent", "a", "--payload", '{"telepathy": {}}'), InvalidRequest),
    ],
)
def test_what_cannot_be_asked_is_refused(words: tuple[str, ...], error: type[Exception]) -> None:
    """Before anything is sent."""
    with pytest.raises(error):
        read_request(arguments(*words))


@pytest.mark.parametrize("text", ["", "- a list", "just words"])
def test_a_file_without_a_request_is_refused(tmp_path: Path, text: str) -> None:
    """With the file's name."""
    with pytest.raises((Usage, BundleError), match=r"request\.yaml"):
        read_request(arguments("--request", written(tmp_path, text)))


def test_a_mistake_in_the_file_has_its_place(tmp_path: Path) -> None:
    """Line and column, as in a bundle."""
    with pytest.raises(BundleError) as caught:
        read_request(arguments("--request", written(tmp_path, "agent: a\nagent: b\n")))
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 1)
