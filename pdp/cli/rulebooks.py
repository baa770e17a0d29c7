"""The bundles that a data directory kept, ready to make recorded decisions again."""

from __future__ import annotations

from pathlib import Path

from pdp.archive import BundleArchive
from pdp.errors import PdpError
from pdp.policy.bundle import load
from pdp.redeciding import Rulebook
from pdp.snapshot import Snapshot, rulebook


def kept_rulebooks(directory: Path) -> Rulebook:
    """Gives the bundle of a revision, each loaded once; None when it is not kept or cannot be used."""
    archive, known = BundleArchive(directory), dict[str, Snapshot | None]()

    def bundle(revision: str) -> Snapshot | None:
        if revision not in known:
            known[revision] = _load(archive.place(revision))
        return known[revision]

    return bundle


def _load(place: Path) -> Snapshot | None:
    try:
        return rulebook(load(place))
    except (PdpError, OSError):
        return None
