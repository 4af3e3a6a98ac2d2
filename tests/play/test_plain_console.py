"""A session with a system that brings no console: the operations of its scenario are the commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st

import counterpoint as cp
from counterpoint.harness.cli import main
from counterpoint.harness.play.console import CommandError
from counterpoint.harness.play.plain_console import plain_console
from counterpoint.harness.starting.adder import SCENARIO


@cp.value
class Withdraw:
    amount: int
    account: str


ATOMS = st.none() | st.booleans() | st.integers(-9, 99) | st.text("a7#@; ", max_size=3)
OPERATIONS = (
    st.text("ab ;#@", max_size=4)
    | st.lists(ATOMS | st.tuples(ATOMS), max_size=4).map(tuple)
    | st.builds(Withdraw, st.integers(), st.text("a7 ", max_size=2))
)


def play(*arguments: str, typed: str) -> Result:
    """Run a session with these lines."""
    return CliRunner().invoke(main, ["play", *arguments], input=typed)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


SOME = st.lists(OPERATIONS, max_size=5)


@pytest.mark.slow
@given(SOME, SOME)
@example(["a", ("a",)], [])
@example([("a",)], ["a"])
@example([("a", 7), ("a", "7")], [("a", "7")])
@example([("a", (1,)), ("a", (True,))], [])
@example([Withdraw(7, "a"), ("withdraw", 7, "a")], [])
def test_the_words_of_an_operation_are_a_command_for_it(
    one: list[cp.Value], other: list[cp.Value]
) -> None:
    """For all operations: what `words` writes, split as a session splits it, `operation` reads."""
    scenario = SCENARIO.replace(calls={"c1": one, "c2": other})
    console = plain_console(scenario)
    for node, operation in [("c1", each) for each in one] + [("c2", each) for each in other]:
        words = console.words(operation)
        assert ";" not in words
        assert repr(console.operation(scenario, node, words.split())) == repr(operation)
        assert f"{node} {words}" in console.commands


@pytest.mark.slow
@given(SOME, OPERATIONS)
@example([("put", "1"), ("put", 2)], ("put", 3))
@example([("put", (1,))], ("put", (2,)))
@example(["a"], ("a",))
def test_what_the_scenario_does_not_ask_has_words_too(
    operations: list[cp.Value], drawn: cp.Value
) -> None:
    """For all operations: one that another run drew is read back, whatever is known here."""
    scenario = SCENARIO.replace(calls={c: [*operations, Withdraw(1, "x")] for c in ("c1", "c2")})
    console = plain_console(scenario)
    words = console.words(drawn)
    assert ";" not in words
    for node in ("c1", "c2"):
        assert repr(console.operation(scenario, node, words.split())) == repr(drawn)


@pytest.mark.parametrize("words", ["@=[", '@={"is":"Path"}', "@=" + "[" * 9_000, "@9"])
def test_what_is_no_operation_is_refused(words: str) -> None:
    console = plain_console(SCENARIO)
    with pytest.raises(CommandError, match=r"is no operation|cannot be asked"):
        console.operation(SCENARIO, "c1", [words])


def test_an_operation_may_be_asked_with_something_else() -> None:
    scenario = SCENARIO.replace(calls={"c1": [("add", 1), Withdraw(1, "a"), "leave"]})
    console = plain_console(scenario)
    assert console.operation(scenario, "c1", ["add", "7"]) == ("add", 7)
    assert console.operation(scenario, "c1", ["withdraw", "7", "b"]) == Withdraw(7, "b")
    for words, error in (
        (["stay"], "'stay' cannot be asked of c1: add 1; withdraw 1 a; leave"),
        ([], "nothing cannot be asked of c1"),
    ):
        with pytest.raises(ValueError, match=error):
            console.operation(scenario, "c1", words)
    with pytest.raises(
        ValueError, match="server is asked for nothing in this scenario; clients: c1"
    ):
        console.operation(scenario, "server", ["add", "1"])


def test_a_system_of_ones_own_is_played_and_its_session_goes_on() -> None:
    place = "counterpoint.harness.starting.adder:SUITE"
    first = play(
        place, "--mutant", "hasty", "--out", "first.jsonl", typed="c1 add 5\nstatus\nhelp\n"
    )
    assert first.exit_code == 0, first.output
    assert "o1 c1 (add, 5): 5" in first.output
    assert "server: adder(5, ())" in first.output
    assert "c2 add 10" in first.output


def test_a_session_is_a_trace_that_opens_again(here: Path) -> None:
    name = "played_of_" + here.name.replace("-", "_")
    (here / f"{name}.py").write_text(
        "from counterpoint.harness.starting.adder import *\nCASE: cp.Scenario = SCENARIO\n"
    )
    first = play(f"{name}:CASE", "--out", "first.jsonl", typed="c1 add 5\nc2 add 7\n")
    assert "o2 c2 (add, 7): 12" in first.output
    runner = CliRunner()
    replayed = runner.invoke(main, ["replay", "first.jsonl", "--json"])
    assert json.loads(replayed.stdout)["outcome"] == "reproduced"
    again = play("--from", "first.jsonl", "--out", "again.jsonl", typed="c1 add 1\n")
    assert again.exit_code == 0, again.output
    assert "(add, 1): 13" in again.output
    assert runner.invoke(main, ["replay", "again.jsonl"]).exit_code == 0
    assert name in sys.modules


DRAWN = """
import counterpoint as cp

def client(state, given):
    match given:
        case cp.Invoke(operation):
            return cp.Step(state + 1, cp.Return(operation))

def drawing(random):
    while True:
        yield ("put", (random.randrange(10**9),))

CASE: cp.Scenario = cp.Scenario(
    "drawn",
    cp.system(c1=(client, 0)),
    calls=cp.workload(drawing, clients=["c1"], calls=3),
    invariants=[cp.Invariant("few", lambda states: "two" if states["c1"] > 1 else None)],
)
"""


@pytest.mark.slow
def test_a_session_goes_on_from_calls_that_were_drawn_and_cannot_be_typed(here: Path) -> None:
    name = "drawn_in_" + here.name.replace("-", "_")
    (here / f"{name}.py").write_text(DRAWN)
    runner = CliRunner()
    assert runner.invoke(main, ["fuzz", f"{name}:CASE", "--runs", "5", "--out", "."]).exit_code == 1
    (found,) = here.glob("*.trace.jsonl")
    went_on = play("--from", str(found), "--out", "on.jsonl", typed='c1 @=["put",[7]]\n')
    assert "o3 c1 (put, (7)): (put, (7))" in went_on.output
    replayed = runner.invoke(main, ["replay", "on.jsonl", "--json"])
    assert json.loads(replayed.stdout)["outcome"] == "reproduced"
