"""Where settings come from: a TOML file, then the environment, then flags; later ones win."""

from __future__ import annotations

import argparse
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdp.config.model import SETTINGS
from pdp.errors import ConfigError

PREFIX = "PDP_"
FILE_VARIABLE = "PDP_CONFIG"
FILE_FLAG = "--config"

# Kubernetes puts the address of a service called "pdp" into every container's environment.
_FOREIGN = re.compile(r"PDP_(SERVICE_(HOST|PORT\w*)|PORT(_\w+)?)")


@dataclass(frozen=True, slots=True)
class Found:
    """A raw value, where it was found, and what relative paths in it are relative to."""

    raw: object
    source: str
    base: Path


def find(argv: Sequence[str], environ: Mapping[str, str], directory: Path) -> tuple[dict[str, Found], list[str]]:
    """Every value that is set, and a complaint about all that is no setting. Raises ``ConfigError`` for a bad file."""
    flags, complaints = _flags(argv)
    file = flags.pop("config", None) or environ.get(FILE_VARIABLE)
    found: dict[str, Found] = {}
    if file:
        _from_file(directory / Path(file).expanduser(), found, complaints)
    _from_environment(environ, directory, found, complaints)
    found |= {name: Found(raw, f"flag {SETTINGS[name].flag}", directory) for name, raw in flags.items()}
    return found, complaints


def parser() -> argparse.ArgumentParser:
    """The flags: one for each setting, and ``--config``."""
    made = argparse.ArgumentParser(
        prog="pdp serve",
        description="Serve decisions over gRPC. Each flag is a key of the TOML file too.",
        allow_abbrev=False,
    )
    made.add_argument(FILE_FLAG, metavar="FILE", help=f"a TOML file with settings (variable {FILE_VARIABLE})")
    for one in SETTINGS.values():
        text = one.text.replace("%", "%%")
        made.add_argument(one.flag, dest=one.name, metavar="VALUE", help=text, default=argparse.SUPPRESS)
    return made


def _flags(argv: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    known, rest = parser().parse_known_args(argv)
    values = {name: value for name, value in vars(known).items() if value is not None}
    flags = [one.flag for one in SETTINGS.values()]
    return values, [f"flag {word}: is no setting{_meant(word, flags)}" for word in rest]


def _from_file(path: Path, found: dict[str, Found], complaints: list[str]) -> None:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config file {path}: {error.strerror}; name a file that exists") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path}: is not TOML: {error}") from error
    for name, raw in values.items():
        if name in SETTINGS:
            found[name] = Found(raw, f"file {path}", path.parent)
        else:
            complaints.append(f"{name} (file {path}): is no setting{_meant(name, SETTINGS)}")


def _from_environment(
    environ: Mapping[str, str], directory: Path, found: dict[str, Found], complaints: list[str]
) -> None:
    names = {one.variable: name for name, one in SETTINGS.items()}
    for variable in sorted(environ):
        if variable in names:
            found[names[variable]] = Found(environ[variable], f"variable {variable}", directory)
        elif variable.startswith(PREFIX) and variable != FILE_VARIABLE and not _FOREIGN.fullmatch(variable):
            complaints.append(f"variable {variable}: is no setting{_meant(variable, names)}")


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.partition("=")[0], list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else "; docs/configuration.md lists all settings"
