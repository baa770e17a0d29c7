"""docs/performance.md says what was measured, and nothing else."""

from __future__ import annotations

from benchmarks import performance_document as document


def test_every_table_is_that_of_the_results() -> None:
    text = document.DOCUMENT.read_text(encoding="utf-8")
    assert document.rendered(text) == text, "run python -m benchmarks.performance_document"


def test_every_table_stands_in_the_document() -> None:
    text = document.DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in document.TABLES if f"<!-- {name} -->" not in text] == []


def test_a_figure_that_was_changed_by_hand_is_put_right() -> None:
    text = document.DOCUMENT.read_text(encoding="utf-8")
    forged = text.replace("| measured |", "| measured, or so |", 1)
    assert forged != text
    assert document.rendered(forged) == text
