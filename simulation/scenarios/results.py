"""What a run of scenarios tells: a table's rows, JUnit XML for CI, JSON for scripts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from antiphon.simulation.private_files import open_file, write_file
from antiphon.simulation.recording import CallRecord, transcript_lines

__all__ = ["Result", "write_json", "write_junit"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run of one scenario.

    Parameters:
        name: The scenario's file name, with "#2" for its second run.
        file: The scenario's file.
        record: The call.
        differences: How it differed from what was expected, one sentence each.
        unjudged: What could not be judged over the phone, one phrase each.
        wall_secs: How long the run took in real time.
        identical: Whether it was the same call as the first run, frame by frame; None where
            there is nothing to compare.
    """

    name: str
    file: Path
    record: CallRecord
    differences: Sequence[str]
    unjudged: Sequence[str]
    wall_secs: float
    identical: bool | None = None

    @property
    def passed(self) -> bool:
        """Whether the call went as expected."""
        return not self.differences


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Write the results with who said what when.

    Args:
        path: The file.
        results: What to tell.
    """
    data = [
        {
            "name": result.name,
            "file": str(result.file),
            "passed": result.passed,
            "differences": list(result.differences),
            "unjudged": list(result.unjudged),
            "identical": result.identical,
            "wall_secs": round(result.wall_secs, 2),
            **_call(result.record),
        }
        for result in results
    ]
    write_file(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _call(record: CallRecord) -> dict[str, Any]:
    median = record.ttfa_median_secs
    return {
        "title": record.title,
        "call_secs": round(record.duration_secs, 3),
        "ttfa_median_secs": None if median is None else round(median, 3),
        "transcript": transcript_lines(record),
    }


def write_junit(path: Path, results: Sequence[Result]) -> None:
    """Write JUnit XML: one test case for each run.

    Args:
        path: The file.
        results: What to tell.
    """
    failed = sum(not result.passed for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name="antiphon simulate",
        tests=str(len(results)),
        failures=str(failed),
        errors="0",
        time=f"{sum(result.wall_secs for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=str(result.file),
            name=result.name,
            time=f"{result.wall_secs:.3f}",
        )
        if not result.passed:
            failure = ElementTree.SubElement(case, "failure", message=result.differences[0])
            failure.text = "\n".join(result.differences)
        if result.unjudged:
            told = ElementTree.SubElement(case, "system-out")
            told.text = "not judged over the phone:\n" + "\n".join(result.unjudged)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    with open_file(path) as file:
        ElementTree.ElementTree(suites).write(file, encoding="utf-8", xml_declaration=True)
