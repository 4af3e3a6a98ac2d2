"""The consoles of the register and the stores, and what a pipe makes of a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.catalog import entry
from counterpoint.harness.cli import main
from counterpoint.model.values import show


def play(*arguments: str, typed: str) -> Result:
    """Run a session with these lines at a pipe."""
    return CliRunner().invoke(main, ["play", *arguments], input=typed)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("system", ["register", "causal_deps", "causal_lamport"])
@pytest.mark.parametrize("scenario", ["default", None])
def test_each_operation_of_each_scenario_has_words_that_ask_for_it(
    system: str, scenario: str | None
) -> None:
    found = entry(system)
    assert found.console is not None
    for name in found.scenarios if scenario is None else [scenario]:
        built = found.scenario(name)
        for node, operations in built.fixed_calls.items():
            for operation in operations:
                words = found.console.words(operation).split()
                assert found.console.operation(built, node, words) == operation, show(operation)


def test_a_register_is_read_at_its_reader_and_written_at_its_writer() -> None:
    played = play(
        "register",
        "--out",
        "r.jsonl",
        typed="c1 write 4 abc 5 25 100\nc1 wait 2\nc2 read 4\nc2 read 4 s50055\n",
    )
    assert played.exit_code == 0, played.output
    assert "write(4, abc(5, 25, 100)) at s50052" in played.output
    assert "o2 c2 read(4) at s50053: abc(5, 25, 100) partial" in played.output
    assert "o3 c2 read(4) at s50055: abc(5, 25, 100) partial" in played.output
    replayed = CliRunner().invoke(main, ["replay", "r.jsonl", "--json"])
    assert json.loads(replayed.stdout)["outcome"] == "reproduced"
    again = play("--from", "r.jsonl", "--out", "s.jsonl", typed="c3 read 4\n")
    assert "o4 c3 read(4) at s50053: abc(5, 25, 100)" in again.output


@pytest.mark.parametrize("system", ["causal_deps", "causal_lamport"])
def test_the_stores_know_the_words_of_their_demonstration(system: str) -> None:
    story = "alice lost\nalice found\nbob wait found\nbob glad\ncarol read glad\n"
    played = play(system, "--set", "calls=2", "--out", "s.jsonl", typed=story)
    assert played.exit_code == 0, played.output
    assert "o1 alice write(lost, ring): lost@1.1" in played.output
    assert "o3 bob await(found): found@2.1=ring" in played.output
    assert "o5 carol read(glad): glad@3.2=bob" in played.output
    assert CliRunner().invoke(main, ["replay", "s.jsonl"]).exit_code == 0
    again = play("--from", "s.jsonl", "--out", "t.jsonl", typed="alice read glad\n")
    assert "o6 alice read(glad): glad@3.2=bob" in again.output


def test_a_client_moves_where_its_scenario_has_clients_that_do() -> None:
    moved = play("causal_deps", "--scenario", "moving", "--out", "m.jsonl", typed="carol move s1\n")
    assert "o1 carol move to s1: at s1" in moved.output
    stayed = play(
        "causal_deps", "--out", "n.jsonl", typed="carol move s1\ncarol move s9\nalice lost\n"
    )
    assert "clients stay at home in scenario 'default'" in stayed.output
    assert "'s9' is no server; servers: s1 s2 s3" in stayed.output
    assert "lost@1.1" in stayed.output


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("c1 write 4 abc 5 x 100", "'x' is no number from 0 to"),
        ("c1 write 4 abc 5 1 100", "write 4 abc 5 1 100: "),
        ("c1 read 4 s1", "'s1' is no server; servers: s50052"),
        ("c1 look", "'look' cannot be asked of c1; right would be: write 4 abc 5 25 100"),
        ("c1", "nothing cannot be asked of c1; right would be"),
        ("s50052 read 4", "s50052 takes no calls; clients: c1 c2 c3"),
    ],
)
def test_what_cannot_be_asked_is_told_and_a_pipe_goes_on(typed: str, reason: str) -> None:
    played = play("register", "--out", "w.jsonl", typed=f"{typed}\nc2 read 4\n")
    assert played.exit_code == 0, played.output
    assert reason in played.output
    assert "c2 read(4) at s50053: nothing was written yet" in played.output


def test_a_script_ends_where_a_pipe_goes_on(here: Path) -> None:
    (here / "x.script").write_text("c1 look\nc2 read 4\n")
    stopped = play("register", "--script", "x.script", "--out", "x.jsonl", typed="")
    assert stopped.exit_code == 2
    assert "x.script: line 1, 'c1 look': refused: " in stopped.output
    assert "c2 read" not in stopped.output


@pytest.mark.parametrize("line", ["= nonsense", "! c2 read 4"])
def test_what_a_line_at_a_pipe_expects_is_expected(line: str) -> None:
    played = play("register", "--out", "e.jsonl", typed=f"c1 read 4\n{line}\n")
    assert played.exit_code == 2
    assert "standard input: line 2" in played.output


@pytest.mark.parametrize("spelled", ["get_tokens", "getTokens", "get-tokens"])
def test_the_names_of_the_source_are_understood(spelled: str) -> None:
    played = play("token_manager", "--out", "t.jsonl", typed=f"c1 {spelled} 2\ns1 tokenStatus\n")
    assert played.exit_code == 0, played.output
    assert "o1 c1 get_tokens 2: 10 tokens" in played.output
    assert "o2 s1 token_status" in played.output


def test_a_failure_detector_is_played_by_hand(here: Path) -> None:
    (here / "own_failover.py").write_text(
        "import counterpoint as cp\n"
        "def node(state, given):\n"
        "    match given:\n"
        "        case cp.Suspect(other): return cp.Step('alone')\n"
        "        case cp.Trust(other): return cp.Step('together')\n"
        "PAIR = cp.Scenario('pair', cp.system(a=(node, 'new'), b=(node, 'new')), calls={},\n"
        "    properties=[cp.converges(lambda state: state)], limits=cp.faults(crash=1),\n"
        "    tolerates=lambda failed, roles: len(failed) < 2, detector=cp.FailureDetector())\n"
    )
    typed = "suspect a b\ntrust a b\nsuspect a\ntrust a b\ncrash b\nsuspect a b\nstatus\n"
    played = play("own_failover:PAIR", "--out", "p.jsonl", typed=typed)
    assert "a suspects b, wrongly\n" in played.output
    assert "a trusts b\n" in played.output
    assert "right would be: suspect s1 s2, trust s1 s2" in played.output
    assert "a cannot be told so; a is told of b, and suspects nobody" in played.output
    assert "a suspects b\n" in played.output
    assert "a: alone" in played.output
    assert CliRunner().invoke(main, ["replay", "p.jsonl"]).exit_code == 0
    blind = play("register", "--out", "r.jsonl", typed="suspect c1 c2\n")
    assert "c1 cannot be told so; the scenario has no failure detector" in blind.output
