"""Read the corpus: families of sibling intents, and requests labelled against each. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

KINDS = (
    "verb", "object", "scope", "recipient", "negation", "compound", "injection", "obfuscation", "privilege", "purpose",
)  # fmt: skip
STYLES = ("ticket", "chat", "plan", "command", "question", "long", "mail", "voice", "second", "hard", "near")
NEAR = "near"
HERE = Path(__file__).parent
HEAD = re.compile(r"([a-h]):\s*([a-z0-9][a-z0-9-]*)\s*\|\s*([^|]+?)\s*\|\s*(.+)")

# Never trained on: they say what the model does in domains that it has not seen. Chosen before anything was written.
HELD_OUT = (
    "insurance_claims", "lab_instruments", "telecom_subscribers", "real_estate", "warehouse_inventory",
    "events_ticketing",
)  # fmt: skip

# Never trained on either: they choose between models and set thresholds.
CALIBRATION = (
    "procurement", "documents_wiki", "cloud_compute", "legal_contracts", "travel_booking", "crm_sales",
)  # fmt: skip


class CorpusError(ValueError):
    """A line that cannot be read: names file, line and fix."""


@dataclass(frozen=True, slots=True)
class CorpusIntent:
    """One approved purpose, as a policy author would write it."""

    id: str
    domain: str
    family: str
    description: str
    target_kind: str
    actions: tuple[str, ...]
    exemplars: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CorpusRequest:
    """A request and its label for every sibling: ``kinds[i]`` is "" where intent i covers it, else what is beyond."""

    text: str
    style: str
    kinds: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Family:
    """Confusable siblings of one domain and the requests written for them."""

    name: str
    domain: str
    intents: tuple[CorpusIntent, ...]
    requests: tuple[CorpusRequest, ...]


@dataclass(slots=True)
class _Draft:
    """One intent while its lines are read."""

    letter: str
    id: str
    target_kind: str
    actions: tuple[str, ...]
    description: str
    exemplars: list[str]


def read_corpus(folder: Path = HERE, domains: Sequence[str] = ()) -> tuple[Family, ...]:
    """Every family of every ``*.txt`` in ``folder`` (or of ``domains`` only). Raises ``CorpusError``."""
    return tuple(
        family
        for path in sorted(folder.glob("*.txt"))
        if not domains or path.stem in domains
        for family in read_domain(path)
    )


def read_domain(path: Path) -> tuple[Family, ...]:
    """The families of one file. Raises ``CorpusError`` with file and line."""
    families = tuple(_family(path, start, block) for start, block in _blocks(path))
    near = path.parent / NEAR / path.name
    return _with_near(families, near) if near.is_file() else families


def _with_near(families: tuple[Family, ...], path: Path) -> tuple[Family, ...]:
    """The families with the requests of a near file, which names them and has request lines only."""
    letters = {f.name: "abcdefgh"[: len(f.intents)] for f in families}
    added: dict[str, tuple[CorpusRequest, ...]] = {}
    for start, block in _blocks(path):
        name = _name(block[0])
        if name not in letters:
            raise CorpusError(f"{path.name}:{start}: there is no family {name}; one of {', '.join(letters)}")
        rows = [(start + i, line) for i, line in enumerate(block) if i and line.strip() not in ("", "---")]
        added[name] = tuple(_request(path, number, line, letters[name]) for number, line in rows)
    return tuple(replace(f, requests=(*f.requests, *added.get(f.name, ()))) for f in families)


def _name(heading: str) -> str:
    return heading.removeprefix("## ").removeprefix("family ").strip()


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("## ")]
    if not starts:
        raise CorpusError(f"{path.name}:1: no family; begin one with '## family NAME'")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 1, lines[start:end]


def _family(path: Path, start: int, block: list[str]) -> Family:
    name = _name(block[0])
    rows = [(start + i, line) for i, line in enumerate(block) if i and line.strip()]
    rule = next((i for i, (_, line) in enumerate(rows) if line.strip() == "---"), None)
    if rule is None:
        raise CorpusError(f"{path.name}:{start}: family {name} has no line '---' before its requests")
    drafts = _intents(path, rows[:rule])
    letters = "".join(d.letter for d in drafts)
    intents = tuple(
        CorpusIntent(d.id, path.stem, name, d.description, d.target_kind, d.actions, tuple(d.exemplars)) for d in drafts
    )
    requests = tuple(
        _request(path, number, line, letters) for number, line in rows[rule + 1 :] if line.strip() != "---"
    )
    return Family(name, path.stem, intents, requests)


def _intents(path: Path, rows: list[tuple[int, str]]) -> list[_Draft]:
    found: list[_Draft] = []
    for number, line in rows:
        text = line.strip()
        if match := HEAD.fullmatch(text):
            letter, name, kind, actions = match.groups()
            found.append(_Draft(letter, name, kind, tuple(a.strip() for a in actions.split(",")), "", []))
        elif not found:
            raise CorpusError(
                f"{path.name}:{number}: expected 'a: intent-id | target kind | action, action', got {text!r}"
            )
        elif text.startswith("- "):
            found[-1].exemplars.append(text[2:].strip())
        else:
            found[-1].description = f"{found[-1].description} {text}".strip()
    return found


def _request(path: Path, number: int, line: str, letters: str) -> CorpusRequest:
    parts = line.split("|", 2)
    if len(parts) != 3:
        raise CorpusError(f"{path.name}:{number}: expected 'labels | style | text', got {line[:60]!r}")
    labels, style, text = parts[0].split(), parts[1].strip(), parts[2].strip()
    kinds: dict[str, str] = {}
    for label in labels:
        for letter, kind in _label(path, number, label):
            if letter in kinds or letter not in letters:
                raise CorpusError(
                    f"{path.name}:{number}: letter {letter!r} is labelled twice or names no intent of {letters}"
                )
            kinds[letter] = kind
    if missing := [letter for letter in letters if letter not in kinds]:
        raise CorpusError(
            f"{path.name}:{number}: no label for {', '.join(missing)}; write +{missing[0]} or -{missing[0]}:kind"
        )
    if style not in STYLES:
        raise CorpusError(f"{path.name}:{number}: unknown style {style!r}; one of {', '.join(STYLES)}")
    if not text:
        raise CorpusError(f"{path.name}:{number}: the request has no text")
    return CorpusRequest(text, style, tuple(kinds[letter] for letter in letters), number)


def _label(path: Path, number: int, label: str) -> list[tuple[str, str]]:
    if re.fullmatch(r"\+[a-h]+", label):
        return [(letter, "") for letter in label[1:]]
    match = re.fullmatch(r"-([a-h]+):([a-z]+)", label)
    if match is None or match[2] not in KINDS:
        raise CorpusError(
            f"{path.name}:{number}: label {label!r} is neither +letters nor -letter:kind (kinds: {', '.join(KINDS)})"
        )
    return [(letter, match[2]) for letter in match[1]]
