"""Every bundle that was ever in force, kept under its revision, so that its decisions can be made again."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pdp.errors import BundleError, Problem
from pdp.policy.files import read, revision_of

DIRECTORY = "bundles"


class BundleArchive:
    """The bundles below ``<data_dir>/bundles``, each in a directory named by the hex digits of its revision."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / DIRECTORY

    def place(self, revision: str) -> Path:
        """Where the bundle of a revision is kept."""
        return self._directory / revision.rpartition(":")[2]

    def keep(self, path: Path, revision: str) -> None:
        """Copy the bundle at ``path``; nothing happens when its revision is kept already.

        Raises ``BundleError`` when it cannot be written, or has other files by now.
        """
        place = self.place(revision)
        if place.is_dir():
            return
        contents = read(path)
        if revision_of(contents.files) != revision:
            fix = "activate it again"
            raise BundleError((Problem(str(path), 0, 0, "its files changed while they were read", fix),))
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            passing = Path(tempfile.mkdtemp(dir=self._directory, prefix=".new-"))
            try:
                for file in contents.files:
                    target = passing / file.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(file.data)
                with suppress(OSError):  # another process was first
                    passing.rename(place)
            finally:
                shutil.rmtree(passing, ignore_errors=True)
        except OSError as error:
            raise _unkept(place, error.strerror or str(error)) from error
        if not place.is_dir():
            raise _unkept(place, "it is not there after it was written")


def _unkept(place: Path, why: str) -> BundleError:
    fix = "free space below --data-dir, or mend its permissions"
    return BundleError((Problem(str(place), 0, 0, f"cannot be kept: {why}", fix),))
