"""A client from the options of a command, and the errors of a channel in a command's words."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from pdp.cli.exits import Unreachable, Usage
from pdp.client import SHOW_ONLY, Client, ClientTls, Terms
from pdp.errors import DeadlineTooShort, NotReady


@contextmanager
def connected(arguments: argparse.Namespace) -> Iterator[Client]:
    """A client for ``--address``. Errors are raised, not turned into denies: a person wants to see them.

    Raises ``Unreachable`` when nobody answers in time, ``ConfigError`` for bad TLS files or an address that needs TLS.
    """
    terms = Terms(timeout=arguments.timeout, understood=SHOW_ONLY, raise_for_error=True)
    try:
        with Client(arguments.address, tls=_tls(arguments), plaintext=arguments.plaintext, terms=terms) as client:
            yield client
    except (NotReady, DeadlineTooShort) as error:
        raise Unreachable(f"no answer from {arguments.address}: {error}") from error


def _tls(arguments: argparse.Namespace) -> ClientTls | None:
    if arguments.ca is None:
        if arguments.cert is not None or arguments.key is not None:
            raise Usage("--cert and --key need --ca, the certificates that the server's must chain to")
        return None
    return ClientTls(arguments.ca, arguments.cert, arguments.key)
