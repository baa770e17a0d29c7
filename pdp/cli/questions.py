"""``decide`` and ``explain``: one question to a server, or to a bundle in this process."""

from __future__ import annotations

import argparse
import time

from pdp.cli.answers import print_decision
from pdp.cli.channels import connected
from pdp.cli.exits import Exit
from pdp.cli.output import console, print_json
from pdp.cli.requests import read_request
from pdp.cli.traces import print_explanation
from pdp.types import Decision, Effect, Request
from pdp.wire.document import decision_to_document
from pdp.workbench import open_bundle


def decide(arguments: argparse.Namespace) -> Exit:
    """Print the decision; the exit code says whether it is a deny."""
    request = read_request(arguments)
    decision = _ask(arguments, request, explain=False)
    if arguments.json:
        print_json(decision_to_document(decision))
    else:
        print_decision(console(), decision, request)
    return Exit.NO if decision.verdict.effect is Effect.DENY else Exit.OK


def explain(arguments: argparse.Namespace) -> Exit:
    """Print every stage of the decision."""
    request = read_request(arguments)
    decision = _ask(arguments, request, explain=True)
    if arguments.json:
        print_json(decision_to_document(decision))
    else:
        print_explanation(console(), decision, request)
    return Exit.OK


def _ask(arguments: argparse.Namespace, request: Request, *, explain: bool) -> Decision:
    if arguments.bundle is not None:
        bench = open_bundle(arguments.bundle, arguments.model)
        return bench.explain(request, time.time()) if explain else bench.decide(request, time.time())
    with connected(arguments) as client:
        return client.explain(request) if explain else client.decide(request)
