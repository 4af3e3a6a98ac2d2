"""What continuous integration shows: escaped, bounded, and only where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from counterpoint.harness.plugin.ci import SUMMARY_BYTES_MAX, annotation, append_summary, summary
from tests.report.test_report import abd_verdict
from tests.support.runs import abd_failure


def test_the_annotation_names_the_place_and_the_sentence() -> None:
    text = annotation((abd_verdict(),), file="tests/test_x.py", line=7)
    sentence = "atomic: c2 read 0 after it had already read 1."
    assert text == f"::error file=tests/test_x.py,line=7::{sentence}"


def test_no_value_can_begin_a_workflow_command_of_its_own() -> None:
    verdict = replace(abd_verdict(), summary="x\n::set-env name=a::b %0A")
    text = annotation((verdict,), file="a,b:c.py", line=1)
    assert "\n" not in text
    assert text.startswith("::error file=a%2Cb%3Ac.py,line=1::")
    assert "%250A" in text


def test_the_summary_holds_sentence_reasons_diagram_and_command() -> None:
    text = summary(abd_failure(), (abd_verdict(),), replay_command="counterpoint replay x")
    assert text.startswith("### atomic: c2 read 0 after it had already read 1.")
    assert text.count("\n- ") == 3
    assert "```mermaid\nsequenceDiagram" in text
    assert "counterpoint replay x" in text


def test_a_hostile_summary_stays_text() -> None:
    verdict = replace(abd_verdict(), summary="<script>alert(1)</script> ![x](y) `a`")
    first = summary(abd_failure(), (verdict,)).splitlines()[0]
    assert "<" not in first
    assert "!\\[x\\]" in first
    assert "\\`a\\`" in first


def test_the_summary_is_appended_where_there_is_one_and_room(tmp_path: Path) -> None:
    assert not append_summary({}, "text")
    file = tmp_path / "summary.md"
    assert append_summary({"GITHUB_STEP_SUMMARY": str(file)}, "one\n")
    assert append_summary({"GITHUB_STEP_SUMMARY": str(file)}, "two\n")
    assert file.read_text() == "one\ntwo\n"
    assert not append_summary({"GITHUB_STEP_SUMMARY": str(file)}, "x" * SUMMARY_BYTES_MAX)
