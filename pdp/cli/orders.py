"""``kill``, ``lift`` and ``orders``: the kill switch of a running server."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from pdp.cli.channels import connected
from pdp.cli.exits import Exit
from pdp.cli.moments import moment
from pdp.cli.output import console, print_json, table
from pdp.runtime import OrderReceipt, OrderReport

DONE = {"kill": "killed", "quarantine": "quarantined", "lift": "lifted"}
STYLES = {"kill": "bold red", "quarantine": "bold yellow"}


def kill(arguments: argparse.Namespace) -> Exit:
    """Kill or quarantine; the exit code says whether it is on disk, recorded, and where asked for acknowledged."""
    kind = "quarantine" if arguments.quarantine else "kill"
    with connected(arguments) as client:
        order = client.quarantine if arguments.quarantine else client.kill
        receipt = order(
            arguments.scope,
            arguments.value,
            reason=arguments.reason,
            cause=arguments.cause,
            seconds=arguments.seconds,
            wait=arguments.wait,
        )
    return _print_receipt(arguments, kind, receipt)


def lift(arguments: argparse.Namespace) -> Exit:
    """End a kill or quarantine."""
    with connected(arguments) as client:
        receipt = client.lift(arguments.scope, arguments.value, reason=arguments.reason, wait=arguments.wait)
    return _print_receipt(arguments, "lift", receipt)


def orders(arguments: argparse.Namespace) -> Exit:
    """Print what is in force."""
    with connected(arguments) as client:
        sequence, found = client.orders()
    if arguments.json:
        print_json({"sequence": sequence, "orders": [dataclasses.asdict(order) for order in found]})
    else:
        _print_orders(sequence, found)
    return Exit.OK


def _print_receipt(arguments: argparse.Namespace, kind: str, receipt: OrderReceipt) -> Exit:
    if arguments.json:
        print_json(dataclasses.asdict(receipt))
    else:
        out = console()
        what = f"{arguments.scope} {arguments.value}".rstrip()
        out.print(Text(f"{DONE[kind]}  {what}", style=STYLES.get(kind, "bold green")), soft_wrap=True)
        out.print(f"order    {receipt.sequence}, in force")
        out.print("kept     " + ", ".join(_kept(receipt)))
        out.print(f"gateways {receipt.acknowledged} acknowledged, {receipt.pending} pending, {receipt.stale} stale")
    waited = arguments.wait > 0 and (receipt.pending or receipt.stale)
    return Exit.OK if receipt.durable and receipt.audited and not waited else Exit.NO


def _kept(receipt: OrderReceipt) -> tuple[str, str]:
    return (
        "on disk" if receipt.durable else "NOT on disk: give it again once the disk answers",
        "in the trail" if receipt.audited else "NOT in the trail",
    )


def _print_orders(sequence: int, found: tuple[OrderReport, ...]) -> None:
    out = console()
    if found:
        rows = table(">order", "kind", "scope", "value", "reason", "cause", "until", "by")
        for order in found:
            kind = Text(order.kind, style=STYLES.get(order.kind, ""))
            until = moment(order.until) if order.until else "lifted"
            rows.add_row(
                str(order.sequence), kind, order.scope, order.value, order.reason, order.cause, until, order.by
            )
        out.print(rows)
    out.print(f"{len(found) or 'no'} order{'s' if len(found) != 1 else ''} in force; the newest was {sequence}")
