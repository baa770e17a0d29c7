"""A bundle's test results as JUnit XML, the form that build servers read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from pdp.cases import CaseResult
from pdp.cli.exits import Usage


def write_junit(path: Path, bundle: str, results: Sequence[CaseResult]) -> None:
    """Write one test suite with one test case per result; file and line say where the test stands."""
    failures = str(sum(bool(r.wrong) for r in results))
    suites = ET.Element("testsuites", tests=str(len(results)), failures=failures)
    suite = ET.SubElement(
        suites, "testsuite", name=_legal(bundle), tests=str(len(results)), failures=failures, errors="0"
    )
    for result in results:
        place = result.case.position
        case = ET.SubElement(
            suite,
            "testcase",
            name=_legal(result.case.name),
            classname=_legal(f"{bundle}.{Path(place.file).stem}"),
            file=place.file,
            line=str(place.line),
        )
        if result.wrong:
            text = _legal("\n".join(result.wrong))
            ET.SubElement(
                case, "failure", message=text.partition("\n")[0], type="expectation"
            ).text = f"{place}\n{text}"
    try:
        ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise Usage(f"--junit {path}: {error.strerror}") from error


def _legal(text: str) -> str:
    """``text`` without the control characters and surrogates that XML 1.0 cannot hold (section 2.2)."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff") else "\ufffd"
        for c in text
    )
