"""The table of settings, as docs/configuration.md shows it."""

from __future__ import annotations

from dataclasses import MISSING

from pdp.config.model import SETTINGS, Setting


def table() -> str:
    """Every setting as Markdown, in order."""
    rows = ["| setting | value | default | meaning |", "|---|---|---|---|"]
    rows += [f"| `{one.name}` | {one.kind.says} | {_default(one)} | {one.text} |" for one in SETTINGS.values()]
    return "\n".join(rows) + "\n"


def _default(one: Setting) -> str:
    if one.default is MISSING:
        return "required"
    if one.default is None or one.default in {"", ()}:
        return "empty"
    if isinstance(one.default, bool):
        return f"`{str(one.default).lower()}`"
    return f"`{one.default:g}`" if isinstance(one.default, float) else f"`{one.default}`"
