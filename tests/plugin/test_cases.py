"""The state machine as a test case: what Hypothesis's users know goes on working."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.plugin.conftest import Pytest

pytest_plugins = ("pytester",)

WRONG = """
    import counterpoint
    from abd import abd, hasty
    from hypothesis import reproduce_failure, seed, settings
    from hypothesis.database import DirectoryBasedExampleDatabase

    KEPT = DirectoryBasedExampleDatabase("kept")
    TestRegister = seed(3)(counterpoint.machine(hasty(), name="RegisterMachine"))
    TestRegister.settings = settings(
        TestRegister.settings, max_examples=900, database=KEPT, print_blob=True
    )
"""
PROGRAM = [
    "no early read: c2 read 1 before it was written. (* steps -> 7)",
    "These steps do it again:",
    "state = RegisterMachine()",
    "state.silence(nodes=())",
    "state.call(action=Call(client='c?', operation=*))",
    "state.deliver(action=Deliver(src='c2', dst='r?', body=Query(request=1)))",
    "state.operations_hold()",
    "So does Hypothesis with @reproduce_failure(*) on the test case.",
]


def found(result: pytest.RunResult) -> tuple[int, ...]:
    """Return how long the failing runs were before and after minimising."""
    match = re.search(r"\((\d+) steps -> (\d+)\)", result.stdout.str())
    assert match, result.stdout.str()
    return tuple(map(int, match.groups()))


@pytest.mark.slow
def test_a_failing_machine_prints_a_program_and_is_kept_minimised(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    first = run()
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(["-* counterpoint -*", "*no early read: *", " replay *pytest *"])
    first.stdout.fnmatch_lines(PROGRAM)
    assert found(first)[0] > 7
    # The example database has the minimised run, which is tried before anything else.
    again = run()
    again.assert_outcomes(failed=1)
    assert found(again) == (7, 7)


@pytest.mark.slow
def test_the_printed_program_can_be_pasted(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(test_mine=WRONG)
    lines = run().stdout.lines
    start = lines.index("state = RegisterMachine()")
    program = [line for line in lines[start:] if line.startswith("state")]
    body = "\n    ".join(program)
    repository.makepyfile(
        test_pasted="from abd import *\n"
        "from counterpoint import Call, Deliver\n"
        "from test_mine import TestRegister as case\n"
        "RegisterMachine = case.machine\n"
        "del case\n"
        f"def test_pasted():\n    {body}\n"
    )
    result = run("test_pasted.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["no early read: c2 read 1 * (7 steps)"])


@pytest.mark.slow
def test_the_trace_of_a_test_case_is_replayed_in_it(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    command = re.search(r"^ replay +pytest (.+)$", run().stdout.str(), re.MULTILINE)
    assert command
    again = run(*shlex.split(command[1]))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["no early read: c2 read 1 before it was written. (7 steps)"])
    protocol = (repository.path / "abd.py").read_text()
    repository.makepyfile(abd=protocol.replace("if event.value > written:", "if event.value > 9:"))
    fixed = run(*shlex.split(command[1]))
    fixed.assert_outcomes(passed=1)
    fixed.stdout.fnmatch_lines(["FIXED: *runs as it did, 7 steps, and breaks nothing"])


@pytest.mark.slow
def test_the_printed_decorator_reproduces_the_failure(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    printed = re.search(r"with @(reproduce_failure\(.*\)) on", run().stdout.str())
    assert printed
    decorated = f"{WRONG}    TestRegister = {printed[1]}(TestRegister)\n"
    repository.makepyfile(test_mine=decorated)
    result = run()
    result.assert_outcomes(failed=1)
    assert found(result) == (7, 7)
    repository.makepyfile(test_mine=decorated.replace("hasty()", "abd()"))
    right = run()
    right.assert_outcomes(failed=1)
    right.stdout.fnmatch_lines(["*DidNotReproduce*"])


@pytest.mark.slow
def test_the_seed_of_hypothesis_decides_the_runs(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd
        from hypothesis import settings

        TestRegister = counterpoint.machine(abd())
        TestRegister.settings = settings(TestRegister.settings, max_examples=5)
        """
    )
    counts = []
    for number in ("3", "3", "4"):
        result = run("--hypothesis-seed", number, apart=True)
        result.assert_outcomes(passed=1)
        counts += re.findall(r"^1 test held: (.+)$", result.stdout.str(), re.MULTILINE)
    assert counts[0] == counts[1]
    assert counts[0] != counts[2]


@pytest.mark.slow
def test_settings_go_to_the_machine_by_decorator_attribute_or_argument(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd
        from hypothesis import settings

        few = settings(max_examples=7, database=None, deadline=None)
        TestArgument = counterpoint.machine(abd(), settings=few)
        Machine = settings(max_examples=8, deadline=None)(counterpoint.state_machine_for(abd()))
        TestDecorated = Machine.TestCase
        TestAttribute = counterpoint.machine(abd())
        TestAttribute.settings = settings(TestAttribute.settings, max_examples=9)
        """
    )
    result = run("-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)
    counts = dict(
        re.findall(r"^  test_mine.py::(\w+)::runTest: (\d+) runs", result.stdout.str(), re.M)
    )
    assert counts == {"TestArgument": "7", "TestDecorated": "8", "TestAttribute": "9"}


@pytest.mark.slow
def test_a_machine_can_be_given_rules_of_its_own(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd, hasty
        from hypothesis import settings, strategies as st
        from hypothesis.stateful import rule

        SEEN = []

        def look(self, number):
            SEEN.append(number)

        class Wrong(counterpoint.state_machine_for(hasty())):
            look = rule(number=st.integers(0, 3))(look)

        class Right(counterpoint.state_machine_for(abd())):
            look = rule(number=st.integers(0, 3))(look)

        TestWrong, TestRight = Wrong.TestCase, Right.TestCase
        TestRight.settings = settings(TestRight.settings, max_examples=30)

        def test_the_rule_was_used():
            assert SEEN
        """
    )
    result = run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["no early read: * (* steps -> 7)", "state = Wrong()"])


@pytest.mark.slow
def test_a_machine_that_completes_no_calls_fails(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd

        TestIdle = counterpoint.machine(abd(min_calls_per_run=3.5))
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the search of 'abd' examined nothing: *"])
