"""What the models read of an intent. Standard library only."""

from __future__ import annotations

from training.corpus.read import CorpusIntent


def described(intent: CorpusIntent) -> str:
    """The intent in one line, as the pair model reads it."""
    return f"{intent.description} Target: {intent.target_kind}. Actions: {', '.join(intent.actions)}."
