"""JUnit XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.cases import CaseResult
from pdp.cli.exits import Usage
from pdp.cli.junit import write_junit
from pdp.policy.model import Case, Expectation
from pdp.types import Effect, Reason, ReasonCode, Verdict
from tests.builders import HERE, NOW, request


def result(name: str = "a test", *wrong: str) -> CaseResult:
    """A result, broken when something was wrong."""
    verdict = Verdict(Effect.DENY, (Reason(ReasonCode.OUT_OF_SCOPE, "nothing"),))
    return CaseResult(Case(name, request(), Expectation(Effect.DENY), NOW, HERE), verdict, wrong)


def test_passed_and_broken_tests_are_told_apart(tmp_path: Path) -> None:
    """One case each, with the place and every line of what was wrong."""
    write_junit(tmp_path / "out.xml", "first", [result("good"), result("bad", "expected a", "expected b")])
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]
    assert [(c.get("name"), len(c)) for c in suite] == [("good", 0), ("bad", 1)]
    assert "expected b" in (suite[1][0].text or "")
    assert suite[0].get("line") == "1"


@given(name=st.text(max_size=30), wrong=st.text(min_size=1, max_size=30))
def test_any_text_makes_readable_xml(tmp_path_factory: pytest.TempPathFactory, name: str, wrong: str) -> None:
    """Control characters of an utterance must not break the build server's parser."""
    path = tmp_path_factory.mktemp("junit") / "out.xml"
    write_junit(path, name, [result(name, wrong)])
    assert ET.parse(path).getroot().get("failures") == "1"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As wrong usage."""
    with pytest.raises(Usage, match="--junit"):
        write_junit(tmp_path / "no" / "out.xml", "b", [])
