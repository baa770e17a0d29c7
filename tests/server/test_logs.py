"""Logs are JSON lines and never hold prompt text."""

from __future__ import annotations

import io
import json
import logging
from contextlib import suppress

import grpc
import pytest

from pdp.errors import ConfigError
from pdp.server import logs
from tests.server.conftest import failure, question

SECRET = "the patient's diagnosis"


@pytest.fixture
def stream():
    """Everything that is logged; the root logger is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    quiet = logging.getLogger("asyncio").level
    out = io.StringIO()
    root.handlers = []
    logs.configure("debug", stream=out)
    yield out
    root.handlers, root.level = before, level
    logging.getLogger("asyncio").setLevel(quiet)


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_message_and_the_fields_on_the_list(stream):
    """Known fields are written; unknown ones are named, without their values."""
    logging.getLogger("pdp.x").warning("refused", extra={"code": "overloaded", "utterance": SECRET, "params": SECRET})
    (line,) = lines(stream)
    assert (line["level"], line["message"], line["code"]) == ("warning", "refused", "overloaded")
    assert line["withheld"] == ["params", "utterance"]
    assert SECRET not in stream.getvalue()


def test_an_exception_is_logged_with_type_and_place_but_its_text_only_when_that_is_safe(stream):
    """A ValueError's text may quote the request; an OSError's names a file."""
    for error in (ValueError(SECRET), FileNotFoundError(2, "No such file", "model.onnx"), ConfigError("listen: wrong")):
        with pytest.raises(type(error)) as caught:
            raise error
        logging.getLogger("pdp.x").error("failed", exc_info=caught.value)
    first, second, third = (line["error"] for line in lines(stream))
    assert first["type"] == "ValueError"
    assert "test_logs.py" in first["at"][0]
    assert "text" not in first
    assert "model.onnx" in second["text"]
    assert third["text"] == "listen: wrong"
    assert SECRET not in stream.getvalue()


def test_arguments_of_foreign_log_calls_are_left_out(stream):
    """A library's message is written without its arguments, which may hold anything."""
    logging.getLogger("library").warning("got %s", SECRET)
    assert lines(stream)[0]["message"] == "got %s"


def test_prompt_text_can_be_switched_on_for_debugging():
    """Then the field ``utterance`` and exception texts are written."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.JsonFormatter(utterances=True))
    record = logging.makeLogRecord({"name": "pdp", "msg": "x", "utterance": SECRET})
    assert SECRET in handler.format(record)


async def test_no_error_path_of_the_server_logs_the_prompt(stream, running):
    """Refusals, crashes and batches at the most talkative level: the utterance appears nowhere."""
    for action in ("crash", "busy", "other", "read"):
        message = question(action, utterance=SECRET, session_id=SECRET)
        with suppress(grpc.aio.AioRpcError):
            await running.decisions.Decide(message, timeout=2)
    await failure(running.decisions.Decide(question(utterance=SECRET + "\0"), timeout=2))
    assert "ZeroDivisionError" in stream.getvalue()
    assert SECRET not in stream.getvalue()
    assert "a secret of the inside" not in stream.getvalue()
