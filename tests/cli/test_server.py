"""Commands against a real server in a process of its own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.demo import address, process
from pdp.cli import main
from pdp.cli.exits import Exit

READ = ("--agent", "accounts-assistant", "--action", "read", "--target", "table:invoices", "--param", "limit=5")
SHOW = (*READ, "--utterance", "Show me what customer 4711 still owes us")
DELETE = (*READ, "--utterance", "Delete the unpaid invoices of customer 4711")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle to start from."""
    directory = tmp_path_factory.mktemp("served") / "first"
    assert main(["bundle", "init", str(directory)]) == Exit.OK
    return directory


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[str]:
    """Where a server on it listens."""
    with process(bundle) as child:
        yield address("first", child)


@pytest.fixture
def run(server: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command against the server: exit code, standard output, standard error."""

    def run(command: str, *words: str) -> tuple[int, str, str]:
        return main([command, "--address", server, *words]), *capsys.readouterr()

    return run


def test_decide_asks_the_server(run: Run) -> None:
    """The exit code is the answer, and the decision has an id to look it up by."""
    code, out, _ = run("decide", "--json", *SHOW)
    assert (code, len(json.loads(out)["decision_id"])) == (Exit.OK, 32)
    assert run("decide", *DELETE)[0] == Exit.NO


def test_server_and_bundle_give_the_same_answer(run: Run, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a policy author tries out at the desk is what will happen: all but ids and times."""
    _, out, _ = run("explain", "--json", *DELETE)
    main(["explain", "--bundle", str(bundle), "--json", *DELETE])
    served, local = json.loads(out), json.loads(capsys.readouterr().out)
    for answer in (served, local):
        for changing in ("decision_id", "request_id", "timings"):
            answer["decision"].pop(changing, None)
    assert served == local


def test_explain_shows_the_stages_of_the_servers_evaluation(run: Run) -> None:
    """Clauses, candidates and rules travel with the answer."""
    code, out, _ = run("explain", *SHOW)
    assert code == Exit.OK
    for part in ("Candidate intents", "read-invoices", "few-rows", "Answer"):
        assert part in out


def test_status_shows_what_is_in_force(run: Run) -> None:
    """Bundle, revision, size, encoder; for programs as JSON."""
    code, out, _ = run("status")
    assert code == Exit.OK
    for part in ("serving", "accounts-assistant", "sha256:", "2 intents, 12 exemplars, 4 rules, 1 agents", "1 worker,"):
        assert part in out
    assert json.loads(run("status", "--json")[1])["intents"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cert", "x", "--key", "y"), "--ca"),
        (("--ca", "no/such/file"), "no/such/file"),
        (("--address", "pdp.example:443"), "pdp.example:443"),
    ],
)
def test_a_channel_that_cannot_be_is_wrong_usage(run: Run, words: tuple[str, ...], said: str) -> None:
    """Half a key pair, a file that is missing, another host in plain text: nothing is sent."""
    code, _, err = run("status", *words)
    assert code == Exit.USAGE
    assert said in err


def test_serve_refuses_wrong_settings_before_it_opens_a_port(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every wrong setting at once, and the exit code for wrong usage."""
    code = main(["serve", "--bundle", str(bundle), "--listen", "0.0.0.0:0", "--workers", "none"])
    assert code == Exit.USAGE
    assert "workers" in capsys.readouterr().err


def test_help_of_serve_lists_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """Though the settings belong to another module."""
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert not end.value.code
    assert "--shutdown-grace" in capsys.readouterr().out
