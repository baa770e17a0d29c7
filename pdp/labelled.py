"""Labelled requests from a JSON Lines file, for ``pdp bundle evaluate``.

One object a line: ``{"request": {...}, "expect": "allow|narrow|deny", "intent": "id"}``. ``request`` has the shape of a
bundle's tests; ``intent`` is optional, other keys are ignored, empty lines are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pdp.errors import InvalidRequest
from pdp.evaluation import Labelled
from pdp.types import Effect, Json
from pdp.wire.document import request_from_document

EFFECTS = {effect.value: effect for effect in Effect}


def read_labelled(path: Path) -> tuple[Labelled, ...]:
    """Read every case. Raises ``InvalidRequest`` naming file, line and mistake, or when there is no case at all."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(str(path), f"cannot be read ({error})") from error
    cases = tuple(_cases(path, lines))
    if not cases:
        raise InvalidRequest(str(path), 'holds no case; write one {"request": ..., "expect": ...} a line')
    return cases


def _cases(path: Path, lines: Iterable[str]) -> Iterable[Labelled]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _case(json.loads(line), number)
            except (InvalidRequest, ValueError, RecursionError) as wrong:
                raise InvalidRequest(f"{path}:{number}", str(wrong)) from wrong


def _case(document: Json, line: int) -> Labelled:
    if not isinstance(document, dict):
        raise InvalidRequest("case", 'is not an object; write {"request": ..., "expect": ...}')
    expect, intent = document.get("expect"), document.get("intent", "")
    if not isinstance(expect, str) or expect not in EFFECTS:
        raise InvalidRequest("expect", f"must be one of {', '.join(EFFECTS)}, not {expect!r}")
    if not isinstance(intent, str):
        raise InvalidRequest("intent", "must be the id of an intent")
    return Labelled(request_from_document(document.get("request")), EFFECTS[expect], line, intent)
