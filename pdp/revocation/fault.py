"""What goes wrong with the journal of orders."""

from __future__ import annotations

from pdp.errors import PdpError


class RevocationsUnavailable(PdpError):
    """An order could not be written: the journal is damaged, locked for too long, or the disk refuses it."""

    code = "revocations_unavailable"
