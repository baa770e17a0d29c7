"""The documents are true: nothing a user can set, see or type is missing, and the examples print what they say."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from pdp import errors, metrics
from pdp.cli.arguments import parser
from pdp.cli.exits import Exit
from pdp.cli.remedies import REMEDIES
from pdp.types import ReasonCode
from tests.documents import README, ROOT, examples

DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
README_TEXT = README.read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")
GLOSSARY = """
    agent principal session utterance clause target action payload intent exemplar counter-exemplar score accept narrow
    out-of-scope calibration encoder authority rule fact grounded effect obligation bundle revision shadow gateway
    purpose task grant use origin budget drift order kill quarantine lift trigger watcher outcome agreement inventory
    record trace checkpoint anchor commitment subject
""".split()


def commands(root: argparse.ArgumentParser, name: str = "pdp") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be typed, with its parser."""
    groups = [a for a in root._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, root
    for group in groups:
        for word, inner in group.choices.items():
            yield from commands(inner, f"{name} {word}")


COMMANDS = dict(commands(parser()))
OPTIONS = sorted(
    {o for p in COMMANDS.values() for a in p._actions for o in a.option_strings if o.startswith("--")} - {"--help"}
)
METRICS = [m._name for m in vars(metrics).values() if isinstance(m, MetricWrapperBase)]
CODES = sorted({e.code for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.PdpError)})


@pytest.mark.parametrize("code", [c.value for c in ReasonCode])
def test_every_reason_code_is_explained(code: str) -> None:
    """In the README's table, where a gateway engineer looks first."""
    assert f"| `{code}` |" in README_TEXT


def test_every_reason_has_a_remedy() -> None:
    """``pdp explain`` can say what would have to change, whatever the reason."""
    assert set(REMEDIES) == set(ReasonCode)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    """By the name that Prometheus sees."""
    assert f"`{name}" in TEXT


def test_every_metric_is_declared_in_one_place() -> None:
    """Nothing under this prefix is registered elsewhere."""
    ours = {m.name for m in REGISTRY.collect() if m.name.startswith("pdp_")}
    assert ours == set(METRICS)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_documented(code: str) -> None:
    """A caller can look up what went wrong."""
    assert f"`{code}`" in TEXT


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """Nothing that can be typed is a secret."""
    assert f"`{command}" in README_TEXT


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_documented(option: str) -> None:
    """In the README or the documents."""
    assert option in TEXT


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_is_in_the_readme(code: Exit) -> None:
    """Scripts depend on them."""
    line = next(line for line in README_TEXT.splitlines() if line.startswith("Exit codes:"))
    assert f" {code.value} " in line


@pytest.mark.parametrize("word", GLOSSARY)
def test_every_word_is_in_the_glossary(word: str) -> None:
    """One word per thing, each explained once."""
    table = README_TEXT.partition("## Key words")[2].partition("\n## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    assert any(re.search(rf"\b{word}\b", cell) for cell in first_cells)


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "SECURITY.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that exists, every fragment a heading."""
    text = document.read_text(encoding="utf-8")
    for target, fragment in LINK.findall(text):
        path = document.parent / target if target else document
        assert path.exists(), target
        if fragment:
            anchors = {
                re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
                for h in re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            }
            assert fragment[1:] in anchors, fragment


def test_the_examples_of_the_readme_print_what_it_says() -> None:
    """They are run against real bundles and a real server; ``make readme`` renews them."""
    stale = [example for example in examples(README_TEXT) if not example.fresh]
    assert not stale, "\n".join(f"is:\n{e.real}\nREADME says:\n{e.written}" for e in stale)
