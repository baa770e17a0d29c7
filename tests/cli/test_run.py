"""The command line as a person or a script uses it: real bundles, real model, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pdp.cli import main
from pdp.cli.exits import Exit

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``pdp`` with these words: exit code, standard output, standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that ``pdp bundle init`` writes."""
    directory = tmp_path_factory.mktemp("init") / "first"
    assert main(["bundle", "init", str(directory)]) == Exit.OK
    return directory


@pytest.fixture
def bundle(started: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    for path in started.rglob("*.*"):
        copy = tmp_path / "bundle" / path.relative_to(started)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tmp_path / "bundle"


QUESTION = ("--agent", "accounts-assistant", "--action", "read", "--target", "table:invoices", "--param", "limit=5")
READ = (*QUESTION, "--utterance", "Show me the unpaid invoices of customer 4711")
DELETE = (*QUESTION, "--utterance", "Delete the unpaid invoices of customer 4711")


def test_the_bundle_to_start_from_passes_its_own_tests(run: Run, started: Path) -> None:
    """Nobody's first experience is a mistake of ours."""
    code, out, _ = run("bundle", "test", started)
    assert code == Exit.OK, out
    assert "6 passed, 0 failed" in out


def test_init_never_writes_over_anything(run: Run, started: Path) -> None:
    """A directory that holds something is refused."""
    code, _, err = run("bundle", "init", started)
    assert (code, "not empty" in err) == (Exit.USAGE, True)


def test_check_says_what_is_in_a_good_bundle(run: Run, bundle: Path) -> None:
    """Counts, test results and the revision that activation will show."""
    code, out, _ = run("bundle", "check", bundle)
    assert code == Exit.OK
    assert "2 intents, 4 rules, 1 agents; tests: 6 passed, 0 failed" in out
    assert "sha256:" in out


def test_check_points_at_every_mistake(run: Run, bundle: Path) -> None:
    """File, line, column, the line itself and a fix, for two mistakes in two files at once."""
    for name, old, new in (("agents.yaml", "owner:", "ownr:"), ("rules/everywhere.yaml", "utterance", "uterance")):
        path = bundle / name
        path.write_text(path.read_text().replace(old, new))
    code, _, err = run("bundle", "check", bundle)
    assert code == Exit.NO
    assert "agents.yaml:4:5" in err
    assert "    ownr: accounts@company.example" in err
    assert "rules/everywhere.yaml:5:" in err
    assert "fix:" in err


def test_a_broken_test_shows_expected_against_actual(run: Run, bundle: Path, tmp_path: Path) -> None:
    """On the screen with the reason, and as a failure in JUnit's XML with file and line."""
    path = bundle / "tests/first.yaml"
    path.write_text(
        path.read_text().replace("expect: {effect: allow, intent: read-invoices}", "expect: {effect: deny}")
    )
    code, out, _ = run("bundle", "test", bundle, "--junit", tmp_path / "out.xml")
    assert code == Exit.NO
    assert "expected deny, got allow" in out
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("6", "1")
    (failure,) = suite.iter("failure")
    assert "expected deny, got allow" in (failure.get("message") or "")
    assert [c.get("file") for c in suite if len(c)] == ["tests/first.yaml"]


def test_check_fails_as_well_when_a_test_breaks(run: Run, bundle: Path) -> None:
    """What check calls usable can be activated."""
    path = bundle / "tests/first.yaml"
    path.write_text(
        path.read_text().replace("expect: {effect: allow, intent: read-invoices}", "expect: {effect: deny}")
    )
    assert run("bundle", "check", bundle)[0] == Exit.NO


def test_both_evaluators_agree_on_the_bundle_to_start_from(run: Run, started: Path) -> None:
    """And the differential run says how much it compared."""
    code, out, _ = run("bundle", "test", started, "--differential")
    assert code == Exit.OK, out
    assert "agree" in out


def test_the_exit_code_of_decide_is_the_answer(run: Run, started: Path) -> None:
    """So that a script needs no parser."""
    assert run("decide", "--bundle", started, *READ)[0] == Exit.OK
    assert run("decide", "--bundle", started, *DELETE)[0] == Exit.NO


def test_decide_prints_json_for_programs(run: Run, started: Path) -> None:
    """The JSON of the proto, the same as grpcurl would print."""
    _, out, _ = run("decide", "--bundle", started, "--json", *READ)
    answer = json.loads(out)
    assert answer["effect"] == "EFFECT_ALLOW"
    assert answer["match"]["intent"] == "read-invoices"


def test_explain_shows_every_stage_and_what_would_have_to_change(run: Run, started: Path) -> None:
    """For a deny; that it is one is not a failure of ``explain``."""
    code, out, _ = run("explain", "--bundle", started, *DELETE)
    assert code == Exit.OK
    for heading in ("Question", "Text", "Candidate intents", "Answer", "Why not allow", "needed:"):
        assert heading in out
    assert "trace" in json.loads(run("explain", "--bundle", started, "--json", *DELETE)[1])


def test_evaluate_reports_shares_with_intervals(run: Run, started: Path, tmp_path: Path) -> None:
    """As a table and as JSON; a false allow is named with its line."""

    def line(utterance: str, expect: str) -> str:
        request = {
            "agent": "accounts-assistant",
            "utterance": utterance,
            "target": {"kind": "table", "name": "invoices"},
        }
        return json.dumps(
            {
                "request": {**request, "action": {"name": "read", "params": {"limit": 5}}},
                "expect": expect,
                "intent": "read-invoices",
            }
        )

    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join((line(READ[-1], "allow"), line(READ[-1], "deny"), line(DELETE[-1], "deny"))))
    code, out, _ = run("bundle", "evaluate", started, "--cases", cases, "--out", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert code == Exit.OK
    assert (report["overall"]["false_allow_count"], report["overall"]["false_allow_of"]) == (1, 2)
    assert report["overall"]["false_allow_interval"][0] > 0
    assert report["wrong"][0]["line"] == 2
    assert report["revision"].startswith("sha256:")
    assert "1/2 = 50.0%" in out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("bundle", "evaluate", "somewhere"),
        ("decide",),
        ("decide", "--bundle", "x", "--address", "y"),
        ("bundle", "evaluate", "x", "--cases", "no/such/file"),
    ],
)
def test_wrong_usage_has_its_own_exit_code(run: Run, words: tuple[str, ...]) -> None:
    """And says what was wrong on standard error."""
    code, _, err = run(*words)
    assert code == Exit.USAGE
    assert err


def test_a_directory_that_is_no_bundle_is_a_failure_with_a_reason(run: Run, tmp_path: Path) -> None:
    """Not a traceback."""
    code, _, err = run("bundle", "check", tmp_path / "nowhere")
    assert code == Exit.NO
    assert err.strip()


@pytest.mark.parametrize("command", ["decide", "explain", "status"])
def test_a_server_that_does_not_answer_has_its_own_exit_code(run: Run, command: str) -> None:
    """So that a script can tell no answer from no."""
    words = () if command == "status" else READ
    code, _, err = run(command, "--address", "127.0.0.1:1", "--timeout", "0.5", *words)
    assert code == Exit.UNREACHABLE
    assert "127.0.0.1:1" in err
