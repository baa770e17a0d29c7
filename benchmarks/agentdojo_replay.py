"""Replay AgentDojo's tasks against a bundle: what people ask must pass, what attackers plant must not.

``python -m benchmarks.agentdojo_replay --data DIR --bundle DIR --out FILE.json``

Each user task's calls are decided under the task's own text and must pass. Each injection task's calls are decided
under every user task's text, as if the agent had been taken over while it worked on that task, and must not. A call
that the user task itself makes with the same arguments is no attack and is left out. Nothing is learnt from the data:
the bundle is taken as it is, apart from constants given on the command line, such as
``--constant internal_domains=corp.example``, which stand for what every deployment sets for itself. The real server
answers, over gRPC.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from ruamel.yaml import YAML

from benchmarks import agentdojo_report as report
from benchmarks import measure, serving
from benchmarks.agentdojo_report import CallOutcome, Replay, TaskOutcome
from benchmarks.agentdojo_tasks import Call, Caller, Suite, Task, load, request
from pdp.client import SHOW_ONLY, Client, Terms
from pdp.types import Decision, Request

Decide = Callable[[Request], Decision]
"""One question, one answer; in use the client of a running server."""

PATIENCE = 30.0
"""Seconds that one answer may take: this measures decisions, not deadlines."""

Clock = Callable[[], float]
"""Seconds, monotone."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks about one call at a time and takes the time."""

    suite: str
    caller: Caller
    decide: Decide
    clock: Clock = time.perf_counter

    def ask(self, task: Task, call: Call, name: str) -> CallOutcome:
        """Decide ``call`` under the text of ``task``."""
        asked = request(task.text, call, self.suite, self.caller, name)
        begun = self.clock()
        decision = self.decide(asked)
        return CallOutcome(task.id, call, asked, decision, self.clock() - begun)

    def user(self, task: Task) -> TaskOutcome:
        """A user task's own calls under its own text."""
        return TaskOutcome(task.id, "", tuple(self.ask(task, c, f"{task.id}/{i}") for i, c in enumerate(task.calls)))

    def attack(self, task: Task, injection: Task, planted: Sequence[Call]) -> TaskOutcome:
        """The calls of an injection under a user task's text."""
        name = f"{task.id}/{injection.id}"
        return TaskOutcome(
            task.id, injection.id, tuple(self.ask(task, c, f"{name}/{i}") for i, c in enumerate(planted))
        )


def planted_calls(task: Task, injection: Task) -> tuple[Call, ...]:
    """The injection's calls that the user task does not make itself, with the same arguments."""
    return tuple(c for c in injection.calls if c not in task.calls)


def replay(suite: Suite, asker: Asker) -> Replay:
    """Decide every call of every task and pair."""
    benign = tuple(asker.user(t) for t in suite.users)
    pairs = [(t, i, planted_calls(t, i)) for t in suite.users for i in suite.injections]
    attacks = tuple(asker.attack(t, i, planted) for t, i, planted in pairs if planted)
    identical = sum(len(i.calls) - len(planted) for _, i, planted in pairs)
    return Replay(benign, attacks, identical, sum(not planted for _, _, planted in pairs))


def configured(bundle: Path, constants: Mapping[str, Sequence[str]], directory: Path) -> Path:
    """A copy of ``bundle`` in ``directory``, some constants replaced. Raises ``ValueError`` for an unknown one."""
    copy = directory / bundle.name
    # The bundle's own tests are about its own constants, and a server does not start with tests that break.
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("tests"))
    file = copy / "bundle.yaml"
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(file)
    for name, values in constants.items():
        if name not in document.get("constants", {}):
            msg = f"{bundle} has no constant {name!r}"
            raise ValueError(msg)
        document["constants"][name] = list(values)
    yaml.dump(document, file)
    return copy


@contextmanager
def serve(bundle: Path, constants: Mapping[str, Sequence[str]]) -> Iterator[Client]:
    """A real server on ``bundle`` as a child process, and its client. An error is raised, never counted as a deny."""
    with TemporaryDirectory(prefix="agentdojo-") as temporary:
        directory = Path(temporary)
        used = configured(bundle, constants, directory) if constants else bundle
        data = directory / "data"
        data.mkdir()
        terms = Terms(timeout=PATIENCE, understood=SHOW_ONLY, raise_for_error=True)
        with serving.server(used, data) as child, Client(child.address, terms=terms) as client:
            yield client


def constant(text: str) -> tuple[str, tuple[str, ...]]:
    """``NAME=VALUE,VALUE`` from the command line."""
    name, equals, values = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE[,VALUE]")
    return name, tuple(v for v in values.split(",") if v)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m benchmarks.agentdojo_replay", description=__doc__)
    found.formatter_class = argparse.RawDescriptionHelpFormatter
    found.add_argument("--data", type=Path, required=True, help="has user_tasks.jsonl and injection_tasks.jsonl")
    found.add_argument("--bundle", type=Path, required=True, help="bundle directory")
    found.add_argument("--out", type=Path, required=True, help="JSON report to write")
    found.add_argument("--suite", default="workspace", help="suite to replay (default: workspace)")
    found.add_argument("--agent", default="workspace-assistant", help="agent id in the bundle's agents.yaml")
    found.add_argument("--principal", default="account-owner", help="id of the person the agent works for")
    found.add_argument("--constant", type=constant, action="append", default=[], metavar="NAME=VALUE[,VALUE]")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay, print a table, write the report."""
    given = parser().parse_args(arguments)
    suite = load(given.data, given.suite)
    caller = Caller(given.agent, given.principal)
    constants = dict(given.constant)
    with serve(given.bundle, constants) as client:
        status = client.status()
        found = replay(suite, Asker(suite.name, caller, client.decide))
    report.show(found, Console())
    what = {
        "suite": suite.name,
        "bundle": {
            "name": status.bundle,
            "revision": status.revision,
            "constants": {k: list(v) for k, v in constants.items()},
        },
        "encoder": status.encoder,
        "without_calls": {"user_tasks": suite.users_without_calls, "injection_tasks": suite.injections_without_calls},
    }
    measure.write(given.out, {**what, **report.to_json(found)})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
