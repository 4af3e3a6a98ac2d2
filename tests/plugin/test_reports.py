"""What a user sees of a scenario that holds, and of one that does not."""

from __future__ import annotations

import re
import shlex
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from counterpoint.harness.plugin.characters import OurSections
from counterpoint.model.tracefile import read_trace
from tests.plugin.conftest import Pytest

pytest_plugins = ("pytester",)

SENTENCE = "no early read: c2 read 1 before it was written."
TRACE = ".counterpoint/test_mine-test_register-no-early-read-7.trace.jsonl"

SEEDLESS = TRACE.replace("-7.", ".")
"""Of a test whose seed only Hypothesis knows."""

RIGHT = """
    import counterpoint
    from abd import abd

    test_register = counterpoint.verify(abd(), runs=60, examples=3)
"""
WRONG = """
    import counterpoint
    from abd import hasty

    test_register = counterpoint.verify(hasty(), seed=7)
"""


def output(result: pytest.RunResult) -> str:
    """Return everything that pytest printed."""
    return result.stdout.str() + result.stderr.str()


@pytest.mark.slow
def test_two_lines_make_a_test_of_a_scenario(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(test_mine=RIGHT)
    result = run("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "counterpoint: *, seed *",
            "test_mine.py::test_register PASSED*",
            "=* counterpoint =*",
            "1 test held: 6[3-9] runs, * calls completed a run, * faults",
        ]
    )
    assert not Path(repository.path / ".counterpoint").exists()


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_to_loses_no_result(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG, test_other="def test_other(): pass\n")
    (repository.path / "file").touch()
    result = run("--counterpoint-directory", "file/below")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [" not kept       *file/below/*cannot be written: Not a directory; the trace is *"]
    )
    kept = output(result).partition("the trace is ")[2].split("\n")[0]
    assert len(read_trace(Path(kept)).steps) == 7


@pytest.mark.slow
def test_a_failure_shows_sentence_steps_and_command_and_saves_its_trace(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    result = run("--junitxml", "junit.xml")
    result.assert_outcomes(failed=1)
    command = f"pytest test_mine.py::test_register --counterpoint-replay {TRACE}"
    result.stdout.fnmatch_lines(
        [
            "counterpoint: *, seed *",
            f"{SENTENCE} (* steps -> 7)",
            "-* counterpoint -*",
            f"*{SENTENCE}",
            "*abd · 7 steps · *",
            "*c2 calls o? read()*",
            f" replay         {command}",
            "=* counterpoint =*",
            f"  {command}",
            "FAILED test_mine.py::test_register - counterpoint.PropertyBroken: no early read*",
        ]
    )
    assert "Traceback" not in output(result)
    file = read_trace(repository.path / TRACE)
    assert (len(file.steps), file.header["test"]) == (7, "test_mine.py::test_register")
    [case] = ElementTree.parse(repository.path / "junit.xml").iter("testcase")
    properties = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert properties == {"counterpoint_trace": TRACE}


@pytest.mark.slow
def test_where_the_terminal_lacks_our_characters_a_report_is_in_ascii_line_by_line(
    repository: pytest.Pytester, run: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    repository.makepyfile(test_mine=WRONG)
    result = run("-q", apart=True)
    result.stdout.fnmatch_lines(["*- counterpoint -*", f" x {SENTENCE}", "   abd ; * steps ; *"])
    assert "\\n" not in output(result)
    assert "\\xb7" not in output(result)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "✗ broken\n── ·"), ("ascii", "x broken\n-- ;")]
)
def test_a_section_is_changed_only_where_the_terminal_lacks_its_characters(
    encoding: str, shown: str
) -> None:
    writer = SimpleNamespace(_file=TextIOWrapper(BytesIO(), encoding))
    plugins = SimpleNamespace(has_plugin=lambda _: True)
    config: Any = SimpleNamespace(pluginmanager=plugins, get_terminal_writer=lambda: writer)
    report = pytest.TestReport("t", ("t", 1, "t"), {}, "failed", None, "call")
    report.sections = [("counterpoint", "✗ broken\n── ·"), ("Captured stdout call", "·")]
    report.__dict__["counterpoint"] = {}
    OurSections(config).pytest_runtest_logreport(report)
    assert report.sections == [("counterpoint", shown), ("Captured stdout call", "·")]


@pytest.mark.slow
def test_the_printed_command_replays_the_run_and_nothing_else(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG, test_other="def test_other():\n    raise SystemExit\n")
    first = run("test_mine.py")
    found = re.search(r"^ replay +pytest (.+)$", first.stdout.str(), re.MULTILINE)
    assert found, output(first)
    before = (repository.path / TRACE).read_bytes()
    again = run(*shlex.split(found[1]))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines([f"{SENTENCE} (7 steps)", f"  pytest {found[1]}"])
    assert (repository.path / TRACE).read_bytes() == before
    # Without the name of the test, the file itself says which one it is of.
    wide = run("--counterpoint-replay", TRACE)
    wide.assert_outcomes(failed=1, deselected=1)


@pytest.mark.slow
def test_a_replay_says_when_the_run_breaks_nothing_any_more(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    run().assert_outcomes(failed=1)
    protocol = (repository.path / "abd.py").read_text()
    repository.makepyfile(abd=protocol.replace("if event.value > written:", "if event.value > 9:"))
    fixed = run("--counterpoint-replay", TRACE)
    fixed.assert_outcomes(passed=1)
    fixed.stdout.fnmatch_lines([f"FIXED: {TRACE} runs as it did, 7 steps, and breaks nothing"])
    repository.makepyfile(abd=protocol.replace("len(heard) < 2", "len(heard) < 3"))
    other = run("--counterpoint-replay", TRACE)
    other.assert_outcomes(failed=1)
    other.stdout.fnmatch_lines(["diverged at step *"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        pytest.param("{}\n", "*--counterpoint-replay: bad.jsonl:1: not a trace*", id="no trace"),
        pytest.param("", "*bad.jsonl: the file is empty*", id="empty"),
        pytest.param(None, "*bad.jsonl: cannot be read*", id="no file"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(
    repository: pytest.Pytester, run: Pytest, source: str | None, complaint: str
) -> None:
    repository.makepyfile(test_mine=RIGHT)
    if source is not None:
        (repository.path / "bad.jsonl").write_text(source)
    result = run("--counterpoint-replay", "bad.jsonl")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])


@pytest.mark.slow
def test_a_trace_of_another_scenario_is_refused(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(test_mine=WRONG)
    run().assert_outcomes(failed=1)
    repository.makepyfile(test_mine=RIGHT.replace("abd()", "abd(name='another')"))
    result = run("--counterpoint-replay", TRACE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*is of scenario 'abd'; no test*Scenarios of the tests: 'another'"]
    )


@pytest.mark.slow
def test_a_search_that_completes_no_calls_fails(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd

        test_idle = counterpoint.verify(abd(min_calls_per_run=3.5), runs=50)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["the search of 'abd' examined nothing: * calls completed in 50 runs*"]
    )


@pytest.mark.slow
def test_a_failure_that_hypothesis_alone_has_found_is_minimised(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(
        test_mine="""
        from hypothesis import HealthCheck, Phase, seed, settings
        from hypothesis.stateful import run_state_machine_as_test
        import counterpoint
        from abd import hasty

        def test_register():
            machine = seed(3)(counterpoint.state_machine_for(hasty()))
            chosen = settings(
                max_examples=900, phases=[Phase.generate], database=None, deadline=None,
                stateful_step_count=40,
                suppress_health_check=list(HealthCheck),
            )
            run_state_machine_as_test(machine, settings=chosen)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*abd · 7 steps · *shrunk *→7 choices", f" replay *{SEEDLESS}"])


@pytest.mark.slow
def test_repositories_without_such_tests_pay_nothing(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(
        test_mine="""
        import sys

        def test_nothing_of_ours_is_imported():
            ours = {name for name in sys.modules if name.startswith("counterpoint.")}
            assert ours == {
                "counterpoint.harness.plugin.characters",
                "counterpoint.harness",
                "counterpoint.harness.plugin",
                "counterpoint.harness.plugin.effort",
                "counterpoint.harness.plugin.options",
                "counterpoint.harness.pytest_plugin",
            }
            assert "hypothesis" not in sys.modules
        """
    )
    result = run(apart=True)
    result.assert_outcomes(passed=1)
    assert "= counterpoint =" not in output(result)


@pytest.mark.slow
def test_github_gets_an_annotation_at_the_test_and_a_job_summary(
    repository: pytest.Pytester, run: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.makepyfile(test_mine=WRONG)
    page = repository.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(repository.path.parent))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    text = output(run())
    marks = [line for line in text.splitlines() if line.startswith("::")]
    place = f"{repository.path.name}/test_mine.py"
    assert marks == [f"::error file={place},line=4::{SENTENCE}"]
    summary = page.read_text()
    assert summary.startswith(f"### {SENTENCE}\n")
    assert "```mermaid" in summary
    assert "pytest test_mine.py::test_register --counterpoint-replay" in summary


MISJUDGED = """
    import counterpoint
    from abd import abd

    def never(trace):
        return counterpoint.undecided("never", "out of time: 3 s") if trace.events else None

    def raising(trace):
        return {"c1": 1}[trace.events[0].value]

    def of(**changes):
        return abd().replace(limits=counterpoint.budgets(reorder=1), **changes)

    test_warned = counterpoint.verify(of(), runs=20, examples=0)
    test_never = counterpoint.verify(
        of(properties=(counterpoint.Property("never", never),)), runs=20, examples=0
    )
    test_raising = counterpoint.verify(
        of(properties=(counterpoint.Property("raising", raising),)), runs=20, examples=0
    )
    test_refused = counterpoint.verify(
        of(properties=(counterpoint.Property("three", lambda trace: 3),)), runs=20, examples=0
    )
"""


@pytest.mark.slow
def test_what_was_not_judged_and_what_was_not_possible_is_said(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=MISJUDGED)
    result = run()
    result.assert_outcomes(passed=1, failed=3)
    shown = output(result)
    assert "test_warned: warning: no reorder was possible in any run" in shown
    assert "never was decided in none of 20 runs: out of time" in shown
    assert "its check raised KeyError: " in shown
    assert "property 'three' returned 3 (test_mine.py:" in shown
    assert "counterpoint.BadScenario: property" in shown
    assert "INTERNALERROR" not in shown
    assert list(
        (repository.path / ".counterpoint").glob("test_mine-test_raising-raising-*.trace.jsonl")
    )
