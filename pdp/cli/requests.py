"""A request from a file, from options, or from both: an option overrides what the file says."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pdp.cli.exits import Usage
from pdp.errors import BundleError
from pdp.policy.source import Source, parse, plain
from pdp.types import Json, Request
from pdp.wire.document import request_from_document

STANDARD_INPUT = "-"
PLAIN = ("agent", "principal", "session", "utterance")


def read_request(arguments: argparse.Namespace) -> Request:
    """The request that the command line asks about.

    Raises ``Usage`` when there is none, ``InvalidRequest`` for a wrong field, ``BundleError`` with the place of a
    mistake in the file.
    """
    document = _document(arguments.request) if arguments.request else {}
    document |= {name: getattr(arguments, name) for name in PLAIN if getattr(arguments, name) is not None}
    if arguments.target is not None:
        kind, _, name = arguments.target.partition(":")
        document["target"] = {**_mapping(document, "target"), "kind": kind, "name": name}
    if arguments.action is not None:
        document["action"] = {**_mapping(document, "action"), "name": arguments.action}
    if arguments.param:
        action = _mapping(document, "action")
        document["action"] = {**action, "params": {**_mapping(action, "params"), **_params(arguments.param)}}
    if arguments.payload is not None:
        document["payload"] = _json(arguments.payload, "--payload")
    if not document:
        raise Usage("nothing to ask; give --request FILE, or --agent, --utterance, --action and --target")
    return request_from_document(document)


def _document(name: str) -> dict[str, Json]:
    source = Source("standard input" if name == STANDARD_INPUT else name)
    try:
        data = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise Usage(f"--request {name}: {error.strerror}") from error
    node = parse(data, source)
    document = plain(node, source) if node is not None else None
    if source.problems:
        raise BundleError(tuple(source.problems))
    if not isinstance(document, dict):
        raise Usage(
            f"--request {name}: holds no object; write {{agent: ..., utterance: ..., target: ..., action: ...}}"
        )
    wrapped = document.get("request")
    return dict(wrapped) if isinstance(wrapped, dict) else document


def _mapping(document: dict[str, Json], key: str) -> dict[str, Json]:
    value = document.get(key)
    return dict(value) if isinstance(value, dict) else {}


def _params(pairs: Sequence[str]) -> dict[str, Json]:
    params: dict[str, Json] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise Usage(f"--param {pair}: write NAME=VALUE")
        params[name] = _json_or_text(text)
    return params


def _json_or_text(text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _json(text: str, option: str) -> Json:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Usage(f"{option}: is not JSON ({error})") from error
    return value
