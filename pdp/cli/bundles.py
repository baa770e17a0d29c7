"""``bundle init | check | test | evaluate``."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from pdp.advice import advise
from pdp.cases import CaseResult, report
from pdp.cli.evaluations import print_evaluation
from pdp.cli.exits import Exit, Usage
from pdp.cli.junit import write_junit
from pdp.cli.output import console, effect, table
from pdp.cli.scaffold import write_bundle
from pdp.evaluation import evaluate as run_evaluation
from pdp.labelled import read_labelled
from pdp.snapshot import every_rule
from pdp.workbench import Workbench, open_bundle, shipped_calibration

if TYPE_CHECKING:
    from pdp.differential import Comparison


def init(arguments: argparse.Namespace) -> Exit:
    """Write a small bundle that passes its own tests."""
    directory: Path = arguments.directory
    out = console()
    for path in write_bundle(directory, shipped_calibration(arguments.model)):
        out.print(f"wrote {path}")
    out.print(f"\nnext: pdp bundle test {directory}")
    return Exit.OK


def check(arguments: argparse.Namespace) -> Exit:
    """Say that the bundle can be used, or why not. The mistakes themselves are printed by ``main``."""
    bench = open_bundle(arguments.directory, arguments.model)
    results = report(bench.run_cases())
    bundle = bench.snapshot.bundle
    out = console()
    counts = f"{len(bundle.intents)} intents, {len(every_rule(bundle))} rules, {len(bundle.agents)} agents"
    out.print(f"{bundle.name}: {counts}; tests: {results.passed} passed, {results.failed} failed")
    out.print(f"revision {bundle.revision}")
    for advice in advise(bench.snapshot, bench.encoder):
        out.print(f"{advice.file}:{advice.line}:{advice.column}: {advice.message}", style="yellow", soft_wrap=True)
        out.print(f"  fix: {advice.fix}", soft_wrap=True)
    for failure in results.failures:
        out.print(f"{failure.position}: “{failure.name}” {failure.message}", style="red", soft_wrap=True)
    return Exit.NO if results.failed else Exit.OK


def test(arguments: argparse.Namespace) -> Exit:
    """Run the bundle's tests; with ``--differential`` both CEL evaluators must agree as well."""
    bench = open_bundle(arguments.directory, arguments.model)
    results = bench.run_cases()
    if arguments.junit is not None:
        write_junit(arguments.junit, bench.snapshot.bundle.name, results)
    _print_results(results)
    agreed = _compare(bench) if arguments.differential else True
    return Exit.OK if agreed and not any(r.wrong for r in results) else Exit.NO


def evaluate(arguments: argparse.Namespace) -> Exit:
    """Measure the bundle on labelled requests."""
    cases = read_labelled(arguments.cases)
    bench = open_bundle(arguments.directory, arguments.model)
    now = time.time()
    outcome = run_evaluation(cases, lambda request: bench.verdict(request, now))
    if arguments.out is not None:
        about = {
            "bundle": bench.snapshot.bundle.name,
            "revision": bench.snapshot.bundle.revision,
            "encoder": bench.encoder.fingerprint,
        }
        _write(arguments.out, json.dumps({**about, **outcome.as_json()}, indent=2, ensure_ascii=False) + "\n")
    print_evaluation(console(), outcome)
    return Exit.OK


def _print_results(results: tuple[CaseResult, ...]) -> None:
    out = console()
    rows = table("", "test", "expected", "actual", "reasons")
    for result in results:
        verdict = result.verdict
        intent = verdict.match.intent if verdict.match else ""
        reasons = "\n".join(f"{r.code.value}: {r.text}" for r in verdict.reasons)
        rows.add_row(
            "broken" if result.wrong else "ok",
            result.case.name,
            f"{result.case.expect.effect.value} {result.case.expect.intent or ''}".rstrip(),
            effect(verdict.effect) + f" {intent}",
            reasons,
        )
    out.print(rows)
    for result in results:
        for wrong in result.wrong:
            out.print(f"{result.case.position}: “{result.case.name}” {wrong}", style="red", soft_wrap=True)
    done = report(results)
    out.print(f"{done.passed} passed, {done.failed} failed")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Usage(f"--out {path}: {error.strerror}") from error


def _compare(bench: Workbench) -> bool:
    try:
        compare_cases = resolve_name("pdp.differential:compare_cases")
    except ImportError as error:
        raise Usage("--differential needs another package: pip install cel-python") from error
    compared: Comparison = compare_cases(bench.snapshot, bench.verdict)
    out = console()
    for name, difference in compared.differences:
        out.print(f"“{name}” {difference}", style="red", soft_wrap=True)
    verdict = "disagree" if compared.differences else "agree"
    out.print(f"both CEL evaluators {verdict}: {compared.rules} rules over {compared.cases} tests")
    return not compared.differences
