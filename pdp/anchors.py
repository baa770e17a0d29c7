"""Where checkpoints are copied to, so that a later one can be held against an earlier one kept elsewhere."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.request import Request, urlopen

from pdp.audit.anchor import Anchor, anchor_file

PUSH_SECONDS = 5.0


def anchor_of(file: Path | None, url: str) -> Anchor | None:
    """What is done with each checkpoint's text, if anything."""
    anchors: list[Anchor] = []
    if file is not None:
        anchors.append(anchor_file(file))
    if url:
        anchors.append(lambda text: push(url, text))
    if not anchors:
        return None

    def every(text: str) -> None:
        for anchor in anchors:
            with suppress(OSError):  # the next checkpoint covers what this one would have
                anchor(text)

    return every


def push(url: str, text: str) -> None:
    """Send a checkpoint with HTTP POST. Raises ``OSError`` when it is not taken."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    request = Request(url, data=text.encode(), headers=headers, method="POST")  # noqa: S310  (the configuration says)
    with urlopen(request, timeout=PUSH_SECONDS) as answer:  # noqa: S310
        answer.read()
