"""The configuration: one frozen value, validated whole before a port opens.

A TOML file, then variables ``PDP_*``, then flags; later ones win. Only ``pdp.cli`` and ``pdp.wiring`` see it;
everything else takes plain values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from pdp.config.checks import complaints
from pdp.config.model import SETTINGS, Config
from pdp.config.service import run_settings, server_settings
from pdp.config.sources import Found, find
from pdp.errors import ConfigError

__all__ = ["Config", "load", "run_settings", "server_settings"]


def load(argv: Sequence[str], environ: Mapping[str, str], directory: Path) -> Config:
    """Read and validate everything. ``directory`` is what relative paths in flags and variables are relative to.

    Raises ``ConfigError`` with every mistake found, one a line: the setting, where it was set, what is wrong and what
    to write instead.
    """
    found, wrong = find(argv, environ, directory)
    values, unreadable = _read(found)
    wrong += unreadable
    wrong += [
        f"{one.name}: is missing; set it with {one.flag}, {one.variable} or in the file"
        for one in SETTINGS.values()
        if one.default is MISSING and one.name not in found
    ]
    if wrong:
        raise ConfigError("\n".join(wrong))
    config = Config(**values)
    wrong = [f"{name}{_source(found, name)}: {text}" for name, text in complaints(config)]
    if wrong:
        raise ConfigError("\n".join(dict.fromkeys(wrong)))
    return config


def _read(found: Mapping[str, Found]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, one in found.items():
        kind = SETTINGS[name].kind
        try:
            values[name] = kind.read(one.raw, one.base)
        except ValueError:
            wrong.append(f"{name} ({one.source}): {one.raw!r} will not do; write {kind.says}")
    return values, wrong


def _source(found: Mapping[str, Found], name: str) -> str:
    return f" ({found[name].source})" if name in found else ""
