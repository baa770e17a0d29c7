"""The command line: each command parses, calls one function elsewhere and prints."""

from pdp.cli.run import main

__all__ = ["main"]
