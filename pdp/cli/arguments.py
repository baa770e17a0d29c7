"""What can be typed: commands, their options and help. Each command names the function that carries it out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from pdp import __version__
from pdp.cli.audit_arguments import add_audit
from pdp.cli.runtime_arguments import Add, add_runtime

EPILOG = "exit codes: 0 done (allowed or narrowed), 1 denied or failed, 2 wrong usage, 3 no server answered"
DEFAULT_ADDRESS = "127.0.0.1:50051"
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="pdp", description="Intent-aware policy decision point.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"pdp {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Here for the list of commands only: its flags are the settings, which pdp.config reads.
    _add(commands, "serve", "pdp.cli.serving:serve", "serve decisions over gRPC (--help lists the settings)")
    _question(commands, "decide", "pdp.cli.questions:decide", "ask whether an agent may do something")
    _question(commands, "explain", "pdp.cli.questions:explain", "the same, with every stage laid open")
    _bundle(commands)
    _status(commands)
    _audit(commands)
    _runtime(commands)
    _replay(commands)
    _keys(commands)
    return top


def _add(commands: Commands, name: str, run: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EPILOG)
    command.set_defaults(run=run)
    return command


def _question(commands: Commands, name: str, run: str, text: str) -> None:
    command = _add(commands, name, run, text)
    place = command.add_argument_group("where to ask").add_mutually_exclusive_group()
    place.add_argument("--address", default=DEFAULT_ADDRESS, help="a running server (default: %(default)s)")
    place.add_argument(
        "--bundle", type=Path, metavar="DIR", help="a bundle directory, in this process, without a server"
    )
    _channel(command)
    _model(command)
    asked = command.add_argument_group("the question")
    asked.add_argument("--request", metavar="FILE", help="JSON or YAML as in a bundle's tests; - reads standard input")
    asked.add_argument("--agent", metavar="ID")
    asked.add_argument("--principal", metavar="ID")
    asked.add_argument("--session", metavar="ID")
    asked.add_argument("--utterance", metavar="TEXT", help="the prompt, plan step or purpose")
    asked.add_argument("--action", metavar="NAME")
    asked.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="repeatable; JSON or plain text"
    )
    asked.add_argument("--target", metavar="KIND:NAME")
    asked.add_argument("--payload", metavar="JSON", help='native payload, for example {"sql": {"text": "select 1"}}')
    command.add_argument("--json", action="store_true", help="print the JSON of the answer")


def _channel(command: argparse.ArgumentParser) -> None:
    channel = command.add_argument_group("channel to the server")
    channel.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificates that the server's must chain to; switches TLS on"
    )
    channel.add_argument("--cert", type=Path, metavar="FILE", help="own certificate chain, for mutual TLS")
    channel.add_argument("--key", type=Path, metavar="FILE", help="key of the own certificate")
    channel.add_argument(
        "--plaintext", action="store_true", help="allow another host without TLS, inside a mesh that encrypts"
    )
    channel.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS", help="default: %(default)s")


def _model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", type=Path, metavar="DIR", help="sentence model (default: the one that comes with pdp)"
    )


def _bundle(commands: Commands) -> None:
    group = commands.add_parser("bundle", help="write, check, test and measure a bundle", epilog=EPILOG)
    kinds = group.add_subparsers(dest="bundle_command", metavar="COMMAND", required=True)
    init = _add(kinds, "init", "pdp.cli.bundles:init", "write a small bundle that works, to start from")
    init.add_argument("directory", type=Path, metavar="DIR", help="a directory that is new or empty")
    _model(init)
    for name, run, text in (
        ("check", "pdp.cli.bundles:check", "list every mistake with file, line, column and fix; run the tests"),
        ("test", "pdp.cli.bundles:test", "run the bundle's tests: expected against actual"),
        ("evaluate", "pdp.cli.bundles:evaluate", "measure the bundle on labelled requests"),
    ):
        command = _add(kinds, name, run, text)
        command.add_argument("directory", type=Path, metavar="DIR", help="the bundle")
        _model(command)
        _extras(command, name)


def _extras(command: argparse.ArgumentParser, name: str) -> None:
    if name == "test":
        command.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML")
        command.add_argument(
            "--differential", action="store_true", help="compare both CEL evaluators (needs cel-python)"
        )
    if name == "evaluate":
        command.add_argument(
            "--cases", type=Path, required=True, metavar="FILE", help="JSON Lines: request, expect, intent"
        )
        command.add_argument("--out", type=Path, metavar="FILE", help="write the report as JSON")


def _status(commands: Commands) -> None:
    status = _add(commands, "status", "pdp.cli.service:status", "what a server has in force")
    status.add_argument("--address", default=DEFAULT_ADDRESS, help="a running server (default: %(default)s)")
    _channel(status)
    status.add_argument("--json", action="store_true", help="print JSON")


def _keys(commands: Commands) -> None:
    group = commands.add_parser("keys", help="the keys that sign grants", epilog=EPILOG)
    kinds = group.add_subparsers(dest="keys_command", metavar="COMMAND", required=True)
    for name, run, text in (
        ("list", "pdp.cli.keys:show", "show the keys and since when they sign"),
        ("rotate", "pdp.cli.keys:rotate", "make the next key; grants of the old one hold until they end"),
    ):
        command = _add(kinds, name, run, text)
        command.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="the service's data directory")
        command.add_argument("--json", action="store_true", help="print JSON")
        if name == "rotate":
            command.add_argument("--at-once", action="store_true", help="sign with it now: the old one has leaked")


def _replay(commands: Commands) -> None:
    text = "hold the recorded decisions against another bundle: what would be allowed or denied anew"
    command = _add(commands, "replay", "pdp.cli.replays:replay", text)
    command.add_argument("--against", type=Path, required=True, metavar="DIR", help="the other bundle")
    command.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="where the audit log lies")
    command.add_argument("--most", type=int, default=50, metavar="N", help="rows shown (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")


def _runtime(commands: Commands) -> None:
    def adding(place: Commands) -> Add:
        def add(name: str, run: str, text: str) -> argparse.ArgumentParser:
            command = _add(place, name, run, text)
            command.add_argument("--address", default=DEFAULT_ADDRESS, help="a running server (default: %(default)s)")
            _channel(command)
            command.add_argument("--json", action="store_true", help="print JSON")
            return command

        return add

    def group(name: str, text: str) -> Add:
        opened = commands.add_parser(name, help=text, epilog=EPILOG)
        return adding(opened.add_subparsers(dest=f"{name}_command", metavar="COMMAND", required=True))

    add_runtime(adding(commands), group)


def _audit(commands: Commands) -> None:
    group = commands.add_parser("audit", help="verify, trace and export the log of a data directory", epilog=EPILOG)
    kinds = group.add_subparsers(dest="audit_command", metavar="COMMAND", required=True)
    add_audit(lambda name, run, text: _add(kinds, name, run, text))
