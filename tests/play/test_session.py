"""Sessions as a library: what a command does to the run, and what it says."""

from __future__ import annotations

import pytest

from counterpoint.harness.catalog import entry, rebuild
from counterpoint.harness.play.console import CommandError
from counterpoint.harness.play.run import DelayChoice
from counterpoint.harness.play.session import PlaySession
from counterpoint.model.search.replay import run
from counterpoint.model.values import show


def session(
    servers: int = 3, *, delay: DelayChoice = 0, has_faults: bool = False, seed: int = 0
) -> PlaySession:
    """Return a new session with the token manager."""
    found = entry("token_manager")
    assert found.console is not None
    scenario = found.scenario(settings={**found.console.usual, "servers": str(servers)})
    return PlaySession(scenario, found.console, delay=delay, has_faults=has_faults, seed=seed)


def said(playing: PlaySession, *commands: str) -> list[str]:
    """Follow commands, and return the lines of the last."""
    reply = [playing.execute(command) for command in commands][-1]
    return list(reply.lines)


def test_a_session_is_the_run_of_a_scenario_that_its_origin_builds() -> None:
    playing = session(5, has_faults=True, seed=3)
    said(playing, "c1 pay 0 3", "s2 transform", "crash s5", "c3 pay 0 4", "restart")
    trace = playing.trace()
    again = run(rebuild(trace.scenario.origin), trace.choices)
    assert again.events == trace.events
    assert again.final.node_states == trace.final.node_states
    assert trace.scenario.origin["set.calls"] == "c1 pay 0 3; s2 transform; c3 pay 0 4"


def test_the_same_seed_and_commands_make_the_same_run() -> None:
    runs = []
    for seed in (7, 7, 8):
        playing = session(5, has_faults=True, seed=seed)
        said(playing, "c1 pay 0 3", "c3 pay 0 4", "c4 get_tokens 4", "c2 pay 1 1")
        runs.append(playing.trace().choices)
    assert runs[0] == runs[1] != runs[2]


def test_faults_stay_within_the_bound_and_change_over_time() -> None:
    playing = session(5, has_faults=True)
    for token in range(0, 60, 6):
        assert not playing.execute(f"c1 pay {token} 2").is_error
    silent = {world.conditions.silent for world in playing.trace().worlds}
    assert max(map(len, silent)) == 2
    assert len({node for nodes in silent for node in nodes}) > 2


def test_a_command_that_cannot_be_followed_changes_nothing() -> None:
    playing = session()
    said(playing, "c1 pay 0 3")
    before = playing.trace()
    for command in ("c1 fly", "d transform", "x", "crash c77", "omit m1 s1", "fire s1", "deliver"):
        assert playing.execute(command).is_error, command
    assert playing.trace().choices == before.choices
    assert playing.trace().scenario.origin == before.scenario.origin


def test_an_empty_line_says_and_does_nothing() -> None:
    playing = session()
    reply = playing.execute("   ")
    assert (reply.lines, reply.is_error) == ((), False)
    assert playing.trace().choices == ()


def test_a_number_too_long_is_refused() -> None:
    playing = session()
    for command in ("wait", "deliver", "delay", "c1 pay 0", "c1 get_tokens"):
        assert playing.execute(f"{command} {'9' * 5000}").is_error, command


def test_a_busy_client_can_be_asked_to_change_its_role() -> None:
    playing = session(delay="hand")
    said(playing, "c1 pay 0 3", "c1 transform")
    lines = said(playing, "delay 0", "wait")
    assert any(line.endswith("pay 0 3: OK") for line in lines)
    assert "c1 is now server" in lines


def test_messages_wait_for_as_many_commands_as_the_delay_says() -> None:
    playing = session(delay=2)
    said(playing, "c1 pay 0 3")
    arrivals = [said(playing, "wait") for _ in range(8)]
    answered = [k for k, lines in enumerate(arrivals, start=1) if any("OK" in x for x in lines)]
    assert answered == [8], "four hops of two commands each"


def test_a_crashed_client_finishes_its_payment_when_it_runs_again() -> None:
    playing = session(delay="hand")
    said(playing, "c1 pay 0 3", "deliver 5", "crash c1", "delay 0")
    lines = said(playing, "restart c1")
    assert any("finish" in line and line.endswith(": OK") for line in lines)
    assert "0@2" in "\n".join(said(playing, "c3 get_tokens 3"))


def test_words_are_completed_by_their_place() -> None:
    playing = session()
    assert playing.completions("s") == ["s1", "s2", "s3", "status", "suspect"]
    assert playing.completions("c1 t") == ["transform", "token_status"]
    assert playing.completions("crash s") == ["s1", "s2", "s3"]


def test_a_session_goes_on_from_a_step_with_the_calls_that_were_planned() -> None:
    found = entry("token_manager")
    assert found.console is not None
    first = session()
    said(first, "c1 pay 0 3", "c3 pay 0 4")
    trace = first.trace()
    other = session()
    other.go_on_from(trace, 5)
    assert "c3  client, planned: pay 0 4" in said(other, "status")
    assert not other.execute("wait").is_error
    assert said(other, "next c3")[0].endswith("c3 pay 0 4: OK")
    assert [show(c) for c in other.trace().choices[:5]] == [show(c) for c in trace.choices[:5]]


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CommandError, match="there is no step 99; steps go from 0 to 0"):
        session().go_on_from(session().trace(), 99)
