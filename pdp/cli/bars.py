"""Scores against thresholds as small bars."""

from __future__ import annotations

import math

from rich.text import Text

CELLS = 24
FULL, EMPTY, ACCEPT, NARROW = "█", "·", "┃", "┆"
ASCII = str.maketrans({FULL: "#", EMPTY: ".", ACCEPT: "|", NARROW: ":"})


def bar(score: float, accept: float, narrow: float, *, ascii_only: bool = False) -> Text:
    """A bar from 0 to 1, filled to ``score``, with a mark at ``accept`` (┃) and at ``narrow`` (┆)."""
    filled = _cell(score) if math.isfinite(score) else 0
    cells = [FULL if i < filled else EMPTY for i in range(CELLS)]
    cells[min(_cell(narrow), CELLS - 1)] = NARROW
    cells[min(_cell(accept), CELLS - 1)] = ACCEPT
    drawn = "".join(cells)
    return Text(drawn.translate(ASCII) if ascii_only else drawn, style=_style(score, accept, narrow), no_wrap=True)


def legend(*, ascii_only: bool = False) -> str:
    """What the marks mean."""
    text = f"{ACCEPT} accept, {NARROW} narrow; the bar runs from 0 to 1"
    return text.translate(ASCII) if ascii_only else text


def _cell(value: float) -> int:
    return round(min(max(value, 0.0), 1.0) * CELLS)


def _style(score: float, accept: float, narrow: float) -> str:
    if score >= accept:
        return "green"
    return "yellow" if score >= narrow else "red"
