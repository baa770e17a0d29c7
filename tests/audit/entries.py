"""Entries to write, and the one way in which a test says that a log is whole."""

from __future__ import annotations

from pdp.audit.checkpoint import open_checkpoint
from pdp.audit.merkle import CompactRange, leaf_hash
from pdp.audit.record import Entry, RecordKind


def entry(number, kind=RecordKind.DECISION, ids=()):
    """The entry that tests know by ``number``; its time is the number too."""
    return Entry(kind, float(number), ids or (f"id{number}",), {"number": number})


def adding(number, **changes):
    """A job that adds ``entry(number)``."""
    return lambda transaction: transaction.append(entry(number, **changes))


def numbers(reader):
    """What lies in the log, in order."""
    return [record.entry().body["number"] for record in reader.records()]


def assert_whole(reader, verifier):
    """Indexes without a gap; leaf hashes, root and every checkpoint recomputed from the stored bytes alone."""
    tree, roots = CompactRange(), [CompactRange().root()]
    for place, record in enumerate(reader.records()):
        assert record.index == place
        assert record.leaf == leaf_hash(record.stored)
        said = record.entry()
        assert (record.kind, record.time) == (said.kind.value, said.time)
        assert all(record in reader.find(i) for i in said.ids)
        tree.append(leaf_hash(record.stored))
        roots.append(tree.root())
    assert (reader.size(), reader.tree().root()) == (tree.size, tree.root())
    for note in reader.checkpoints():
        checkpoint = open_checkpoint(note, [verifier])
        assert checkpoint.root == roots[checkpoint.size] == reader.root(checkpoint.size)
