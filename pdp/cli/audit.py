"""``audit verify | trace | export | forget | checkpoint``: the log in a data directory, without a server."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pdp import __version__
from pdp.audit.anchor import anchor_file
from pdp.audit.checkpoint import Checkpoint, load_or_generate, open_checkpoint, read_verifiers
from pdp.audit.export import to_cloudevent, to_ocsf
from pdp.audit.log import AuditLog
from pdp.audit.merkle import verify_consistency
from pdp.audit.note import Verifier
from pdp.audit.prompts import Sealer
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, RecordKind
from pdp.audit.report import FindingKind, Report
from pdp.audit.tracing import Trace
from pdp.audit.tracing import trace as trace_of
from pdp.audit.verify import verify as verify_log
from pdp.cli.audit_trees import draw
from pdp.cli.exits import Exit, Usage
from pdp.cli.output import console, print_json, table
from pdp.cli.rulebooks import kept_rulebooks
from pdp.errors import NotFound
from pdp.policy.bundle import revision
from pdp.redeciding import Redecider

KEY_FILE = Path("keys") / "checkpoint.key"
_STYLES = {
    FindingKind.TAMPERED: "bold red",
    FindingKind.GAP: "bold red",
    FindingKind.DISAGREEMENT: "red",
    FindingKind.UNVERIFIABLE: "yellow",
}


def verify(arguments: argparse.Namespace) -> Exit:
    """Check the whole log; the exit code is that of the worst finding."""
    directory: Path = arguments.data_dir
    redecide = None if arguments.no_redecide else Redecider(kept_rulebooks(directory))
    report = verify_log(directory, _keys(arguments), _anchor(arguments.anchor), redecide, revision)
    if arguments.key is None:
        note = "the keys are those in the data directory; whoever can write there could have exchanged both"
        report = dataclasses.replace(report, notes=(*report.notes, note))
    if arguments.json:
        print_json(report.to_json())
    else:
        _print_report(console(), report)
    return Exit(report.exit_code)


def trace(arguments: argparse.Namespace) -> Exit:
    """Draw everything about an id."""
    with _reader(arguments.data_dir) as reader:
        found = trace_of(reader, arguments.id, _keys(arguments), time.time())
    prompts = _prompts(found, Sealer(arguments.data_dir)) if arguments.prompts else {}
    if arguments.json:
        opened = {str(index): text for index, text in prompts.items()}
        print_json(found.to_json() | ({"prompts": opened} if arguments.prompts else {}))
    else:
        draw(console(), found, prompts)
    wrong = any(step.proof.value == "wrong" for step in found.steps)
    return Exit.TAMPERED if wrong else Exit.OK


def export(arguments: argparse.Namespace) -> Exit:
    """Write every record as JSON lines; the file appears when it is complete."""
    out: Path = arguments.out
    passing = out.with_name(out.name + ".new")
    origin = _own_keys(arguments.data_dir)[-1].name
    count = 0
    try:
        with _reader(arguments.data_dir) as reader, _private(passing) as file:
            for record in reader.records():
                events = (
                    to_ocsf(record, origin, __version__)
                    if arguments.format == "ocsf"
                    else [to_cloudevent(record, origin)]
                )
                for event in events:
                    file.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
        passing.replace(out)
    except ValueError as error:
        return _stop(passing, f"a record is damaged ({error}); run pdp audit verify")
    except OSError as error:
        raise Usage(f"--out {out}: {error.strerror}") from error
    console().print(f"wrote {count} records to {out}")
    return Exit.OK


def forget(arguments: argparse.Namespace) -> Exit:
    """Erase the key first: a record must not claim what did not happen."""
    directory, subject = arguments.data_dir, arguments.subject
    if not subject:
        raise Usage("SUBJECT is empty; name the principal, or the agent that acted for itself")
    signer = load_or_generate(directory / KEY_FILE, _own_keys(directory)[-1].name)
    erased = Sealer(directory).forget(subject)
    body = {"subject": subject, "by": f"cli:{getpass.getuser()}", "erased": erased}
    with AuditLog.open(directory, signer) as log:
        index = log.commit_now(lambda txn: txn.append(Entry(RecordKind.ERASURE, time.time(), (subject,), body)))
        log.checkpoint_now()
    done = "erased the key; its prompts cannot be opened any more" if erased else "there was no key"
    console().print(f"{done} (record {index})")
    return Exit.OK


def checkpoint(arguments: argparse.Namespace) -> Exit:
    """Copy the newest checkpoint. One that is there already must be of the same log, and is never set back."""
    out: Path = arguments.out
    keys = _keys(arguments)
    with _reader(arguments.data_dir) as reader:
        note = reader.checkpoint()
        if note is None:
            raise NotFound("the log has no checkpoint yet")
        try:
            head = open_checkpoint(note, keys)
        except ValueError as error:
            return _stop(None, f"the newest checkpoint is not signed as it must be: {error}")
        kept = _kept(out, keys)
        if kept is not None and not _continues(reader, kept, head):
            return _stop(None, f"{out} is of another log, or of more than this one has; it was left as it is")
    try:
        anchor_file(out)(note)
    except OSError as error:
        raise Usage(f"--out {out}: {error.strerror}") from error
    console().print(f"{out}: {head.size} records of {head.origin}")
    return Exit.OK


def _keys(arguments: argparse.Namespace) -> tuple[Verifier, ...]:
    return _own_keys(arguments.data_dir) if arguments.key is None else _read_keys(arguments.key)


def _own_keys(directory: Path) -> tuple[Verifier, ...]:
    return _read_keys(directory / KEY_FILE.with_name(KEY_FILE.name + ".pub"))


def _read_keys(path: Path) -> tuple[Verifier, ...]:
    try:
        keys = read_verifiers(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{path}: no verifier keys ({error}); name a data directory, or --key FILE") from error
    if not keys:
        raise Usage(f"{path}: holds no verifier key")
    return keys


def _anchor(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"--anchor {path}: {error}") from error


def _kept(path: Path, keys: tuple[Verifier, ...]) -> Checkpoint | None:
    if not path.exists():
        return None
    try:
        return open_checkpoint(path.read_text(encoding="utf-8"), keys)
    except (OSError, ValueError) as error:
        raise Usage(f"--out {path}: holds something else than a checkpoint of this log ({error})") from error


def _continues(reader: AuditReader, old: Checkpoint, new: Checkpoint) -> bool:
    if old.size > new.size:
        return False
    return verify_consistency(old.size, new.size, old.root, new.root, reader.consistency(old.size, new.size))


def _prompts(found: Trace, sealer: Sealer) -> dict[int, str | None]:
    opened: dict[int, str | None] = {}
    for step in found.steps:
        kept = step.entry.body.get("utterance") or step.entry.body.get("purpose")
        if isinstance(kept, dict) and "sealed" in kept:
            opened[step.index] = sealer.open(str(kept["subject"]), str(kept["sealed"]))
    return opened


@contextmanager
def _reader(directory: Path) -> Iterator[AuditReader]:
    with AuditReader.open(directory) as reader:
        yield reader


@contextmanager
def _private(path: Path) -> Iterator[TextIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yield file


def _stop(passing: Path | None, text: str) -> Exit:
    if passing is not None:
        passing.unlink(missing_ok=True)
    console().print(Text(text, style="bold red"), soft_wrap=True)
    return Exit.TAMPERED


def _print_report(out: Console, report: Report) -> None:
    worst = report.worst
    word = Text(worst.value.upper(), style=_STYLES[worst]) if worst else Text("VERIFIED", style="bold green")
    signed = f"  {report.records} records, {report.signed} of them signed for by {report.checkpoints} checkpoint(s)"
    out.print(word + signed)
    out.print(f"root     {report.root}")
    out.print(f"kinds    {', '.join(f'{n} {kind}' for kind, n in sorted(report.kinds.items()))}")
    if report.redecided:
        out.print(f"again    {', '.join(f'{n} {sameness.value}' for sameness, n in report.redecided.items())}")
    if report.findings:
        rows = table("finding", ">record", "what", whole=("finding",))
        for finding in report.findings:
            index = "" if finding.index is None else str(finding.index)
            rows.add_row(Text(finding.kind.value, style=_STYLES[finding.kind]), index, finding.text)
        out.print(rows)
        more = sum(report.found.values()) - len(report.findings)
        if more:
            out.print(f"and {more} more")
    for kind, count in report.observed.items():
        out.print(f"observed {count} {kind.value}", style="yellow")
    for observation in report.observations:
        out.print(f"         {observation.text}", style="dim", soft_wrap=True)
    for note in report.notes:
        out.print(f"note     {note}", style="dim", soft_wrap=True)
