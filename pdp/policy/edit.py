"""Adding and removing exemplars in a bundle's own YAML, with comments, order and style kept."""

from __future__ import annotations

import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pdp.errors import InvalidRequest, NotFound
from pdp.policy.bundle import load
from pdp.policy.model import Intent
from pdp.policy.parse_intent import MOST_EXEMPLAR_CHARACTERS
from pdp.types import Exemplar, Position


def add_exemplar(directory: Path, intent: str, text: str, *, counter: bool = False) -> Position:
    """Append ``text`` to the exemplars (or counter-exemplars) of ``intent``; the place of the new line.

    Raises ``NotFound``, ``InvalidRequest`` for an empty, over-long or known text, ``BundleError`` when the bundle is bad,
    ``OSError`` when the file cannot be written. The file is replaced in one step or not at all.
    """
    text = text.strip()
    if not text or len(text) > MOST_EXEMPLAR_CHARACTERS or not text.isprintable():
        raise InvalidRequest("text", f"must be 1 to {MOST_EXEMPLAR_CHARACTERS} printable characters")
    found = _find(directory, intent)
    twin = _same(found.exemplars, text) or _same(found.counter_exemplars, text)
    if twin:
        raise InvalidRequest("text", f"is already there, at {twin.position}")
    document = _Document.read(directory / found.position.file)
    key = _key(counter)
    if key not in document.root:
        document.root[key] = CommentedSeq()
    document.root[key].append(text)
    document.write()
    return _place(directory, intent, text, counter=counter)


def remove_exemplar(directory: Path, intent: str, text: str, *, counter: bool = False) -> Position:
    """Remove ``text`` from the exemplars (or counter-exemplars) of ``intent``; the place where it stood."""
    found = _find(directory, intent)
    exemplar = _same(found.counter_exemplars if counter else found.exemplars, text)
    if exemplar is None:
        raise NotFound(f"{intent} has no {'counter-' if counter else ''}exemplar “{text}”")
    if not counter and len(found.exemplars) == 1:
        raise InvalidRequest("text", f"is the only exemplar of {intent}; add another one first")
    document = _Document.read(directory / found.position.file)
    entries = document.root[_key(counter)]
    entries.pop(next(n for n, e in enumerate(entries) if e == exemplar.text))
    if not entries:
        del document.root[_key(counter)]
    document.write()
    return exemplar.position


def _key(counter: bool) -> str:  # noqa: FBT001 - one flag, named at every call
    return "counter_exemplars" if counter else "exemplars"


def _find(directory: Path, intent: str) -> Intent:
    found = next((i for i in load(directory).intents if i.id == intent), None)
    if found is None:
        raise NotFound(f"the bundle has no intent {intent!r}")
    return found


def _same(exemplars: tuple[Exemplar, ...], text: str) -> Exemplar | None:
    folded = " ".join(text.casefold().split())
    return next((e for e in exemplars if " ".join(e.text.casefold().split()) == folded), None)


def _place(directory: Path, intent: str, text: str, *, counter: bool) -> Position:
    found = _find(directory, intent)
    exemplar = _same(found.counter_exemplars if counter else found.exemplars, text)
    if exemplar is None:
        raise InvalidRequest("text", "cannot be written as YAML without changing it")
    return exemplar.position


class _Document:
    """One YAML file, opened for a change that keeps everything else as it is."""

    def __init__(self, path: Path, yaml: YAML, root: CommentedMap) -> None:
        self.path, self._yaml, self.root = path, yaml, root

    @classmethod
    def read(cls, path: Path) -> _Document:
        text = path.read_text(encoding="utf-8")
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 4096
        dash = _dash_indent(text)
        yaml.indent(mapping=2, sequence=dash + 2, offset=dash)
        root: Any = yaml.load(text)
        return cls(path, yaml, root)

    def write(self) -> None:
        """Replace the file in one step."""
        out = StringIO()
        self._yaml.dump(self.root, out)
        # Behind a link (a mounted volume) the file itself is replaced, not the link.
        path = self.path.resolve()
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(out.getvalue())
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(path.stat().st_mode & 0o7777)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _dash_indent(text: str) -> int:
    """How far the file indents the dashes of its lists."""
    dashes = [len(line) - len(line.lstrip()) for line in text.splitlines() if line.lstrip().startswith("- ")]
    return min(dashes, default=2)
