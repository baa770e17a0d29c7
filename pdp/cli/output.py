"""Where and how commands print: colours and boxes on a terminal, plain text elsewhere, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from typing import Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdp.types import Effect, Json

STYLES = {Effect.ALLOW: "bold green", Effect.NARROW: "bold yellow", Effect.DENY: "bold red"}
PLAIN_WIDTH = 120


def console(stream: TextIO | None = None) -> Console:
    """A console on ``stream`` (standard output). Without a terminal it is plain and 120 columns wide."""
    out = stream or sys.stdout
    return Console(file=out, highlight=False, markup=False, emoji=False, width=None if out.isatty() else PLAIN_WIDTH)


def errors() -> Console:
    """A console on standard error."""
    return console(sys.stderr)


def print_json(value: Json) -> None:
    """Indented JSON on standard output, for programs."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def table(*headings: str, whole: Collection[str] = ()) -> Table:
    """A table with light lines. ``>`` before a heading aligns right; ``whole`` columns are never folded."""
    made = Table(header_style="bold")
    for heading in headings:
        name = heading.removeprefix(">")
        justify: Literal["left", "right"] = "left" if name == heading else "right"
        made.add_column(name, justify=justify, overflow="fold", no_wrap=name in whole)
    return made


def effect(value: Effect) -> Text:
    """The effect in its colour."""
    return Text(value.value.upper(), style=STYLES[value])


def compact(value: Json) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)
