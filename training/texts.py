"""What the models read of an intent of the corpus: in training as in use."""

from __future__ import annotations

from pdp.snapshot import one_line
from training.corpus.read import CorpusIntent


def described(intent: CorpusIntent) -> str:
    """The intent in one line, as the pair model reads it."""
    return one_line(intent.description, (intent.target_kind,), intent.actions)
