"""How commands end: exit codes, the same for every command, and the two errors that only a command can see."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """What the shell sees."""

    OK = 0
    """Done; ``decide``: allowed or narrowed; ``status``: serving."""
    NO = 1
    """``decide``: denied; a bundle that is not usable, a test that broke, a server that refused."""
    USAGE = 2
    """The command line, a file named on it or the configuration is wrong."""
    UNREACHABLE = 3
    """No server answered at the address."""
    TAMPERED = 4
    """``audit``: something in the log is not what was signed for."""
    GAP = 5
    """``audit verify``: something is missing that must be there."""
    UNVERIFIABLE = 6
    """``audit verify``: it cannot be told, for want of a checkpoint, a bundle or a value."""
    DISAGREEMENT = 7
    """``audit verify``: records contradict each other, or a decision comes out differently now."""


class Usage(Exception):
    """The command line is wrong in a way that only the command can tell."""


class Unreachable(Exception):
    """No server answered. The text says where, and why as far as is known."""
