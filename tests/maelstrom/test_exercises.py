"""The exercises: right programs of Python and Node.js hold, wrong ones are caught, short, and again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import counterpoint
from counterpoint.harness.catalog import rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.keeping import keep_trace
from counterpoint.harness.maelstrom.exercises import EXERCISES, key_view
from counterpoint.harness.maelstrom.external_system import ProgramError
from counterpoint.harness.maelstrom.program_scenario import program_scenario
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.search.replay_file import replay
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import FINDINGS_MAX
from counterpoint.model.tracefile import read_trace
from counterpoint.model.values import canonical, digest_of
from tests.maelstrom.conftest import PROGRAMS, program


def searched(
    workload: str,
    name: str,
    nemesis: tuple[str, ...],
    runs: int,
    *,
    nodes: int = 3,
    seed: int = 1,
    findings_max: int = FINDINGS_MAX,
) -> Campaign:
    scenario = program_scenario(workload, program(name), nemesis=nemesis, nodes=nodes)
    campaign = Campaign(scenario, seed=seed, findings_max=findings_max)
    for _ in campaign.search(Budgets(runs, None)):
        pass
    return campaign


@pytest.mark.slow
def test_a_program_that_echoes_holds_and_few_processes_are_begun_for_many_runs() -> None:
    campaign = searched("echo", "echo.py", (), 50)
    assert campaign.counterexample() is None
    assert campaign.progress.completed_calls > 200
    assert campaign.scenario.system.programs.begun <= 6  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "name", "nemesis"),
    [
        pytest.param("unique-ids", "unique_ids.py", ("kill",), marks=pytest.mark.nightly),
        ("broadcast", "broadcast.py", ("partition", "pause")),
        ("g-counter", "g_counter.js", ("partition",)),
        pytest.param("lin-kv", "lin_kv.js", ("partition",), marks=pytest.mark.nightly),
        pytest.param("kafka", "kafka.py", ("partition",), marks=pytest.mark.nightly),
        pytest.param("g-set", "g_set.py", ("partition",), marks=pytest.mark.nightly),
        pytest.param("pn-counter", "g_counter.js", ("partition",), marks=pytest.mark.nightly),
        pytest.param("txn-list-append", "txn.py", ("partition",), marks=pytest.mark.nightly),
    ],
)
def test_a_right_program_holds(workload: str, name: str, nemesis: tuple[str, ...]) -> None:
    campaign = searched(workload, name, nemesis, 6)
    assert campaign.counterexample() is None
    assert campaign.progress.completed_calls >= 20
    held = {name: judged.held for name, judged in campaign.judgements.items()}
    assert min(held.values()) >= 1, held


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "name", "nemesis", "broken", "steps"),
    [
        ("unique-ids", "unique_ids_wrong.py", ("kill",), "unique ids", 8),
        pytest.param(
            "broadcast",
            "broadcast_wrong.py",
            ("partition",),
            "broadcast",
            15,
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "g-counter", "g_counter_wrong.js", (), "counter", 20, marks=pytest.mark.nightly
        ),
        ("lin-kv", "lin_kv_wrong.py", (), "linearizability", 8),
        pytest.param("kafka", "kafka_wrong.js", (), "log", 24, marks=pytest.mark.nightly),
        pytest.param(
            *("txn-list-append", "txn_wrong.js", (), "strict serializability", 20),
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_wrong_program_is_caught_and_its_run_is_short_and_replays_from_its_file(
    tmp_path: Path, workload: str, name: str, nemesis: tuple[str, ...], broken: str, steps: int
) -> None:
    seed = 1 if workload == "lin-kv" else 2
    campaign = searched(workload, name, nemesis, 60, nodes=2, seed=seed, findings_max=1)
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.property == broken
    assert len(example.trace.choices) <= steps
    path = keep_trace(example.trace, example.verdicts, tmp_path, "wrong").path
    assert path is not None
    again = replay(read_trace(path), rebuild(read_trace(path).origin))
    assert again.choices == example.trace.choices
    ends = [digest_of(canonical(w.node_states)) for w in (again.final, example.trace.final)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("code", "is_certain"),
    [
        (0, False),
        (13, False),
        (11, True),
        (14, True),
        (22, True),
        (30, True),
        (1000, False),
        (99, False),
    ],
)
def test_an_error_says_that_nothing_was_done_only_if_the_protocol_says_so(
    code: int, is_certain: bool
) -> None:
    """A code of one's own, or one that is not known, leaves open what has become of the operation."""
    assert ProgramError(code, "").is_certain == is_certain
    assert key_view(("write", 0, 1), ProgramError(code, "")).status == (
        "fail" if is_certain else "info"
    )


def test_each_exercise_draws_what_its_question_knows() -> None:
    from random import Random

    for exercise in EXERCISES.values():
        for operation in exercise.operations(Random(1), client=2, count=40):
            assert exercise.question(operation, ())["type"]


# ---- the command -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_tells_holds_from_broken_and_replays_what_it_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("echo.py", "unique_ids_wrong.py", "node_of_python.py"):
        (tmp_path / name).write_bytes((PROGRAMS / name).read_bytes())
        (tmp_path / name).chmod(0o755)
    test = ["maelstrom", "test", "-w"]
    good = CliRunner().invoke(main, [*test, "echo", "--bin", "echo.py", "--runs", "5"])
    assert (good.exit_code, good.output.partition(":")[0]) == (0, "holds")
    bad = [*test, "unique-ids", "--bin", "unique_ids_wrong.py", "--nemesis", "kill", "--runs", "20"]
    found = CliRunner().invoke(main, [*bad, "--json"])
    assert found.exit_code == 1, found.output
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["property"] == "unique ids"
    again = CliRunner().invoke(main, ["replay", told["trace"]])
    assert again.exit_code == 0, again.output
    assert "both given n" in CliRunner().invoke(main, ["show", told["trace"]]).output


@pytest.mark.slow
def test_programs_are_tested_with_pytest_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROGRAMS)
    settings = {"workload": "echo", "bin": "echo.py", "nodes": "2"}
    counterpoint.verify(counterpoint.build("maelstrom", settings=settings), runs=5)()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"workload": "echo"}, "setting bin is missing"),
        ({"workload": "echo", "bin": "echo.py", "size": "3"}, "there is no setting 'size'"),
        (
            {"workload": "echo", "bin": "echo.py", "nodes": "many"},
            "nodes is 'many'; it must be a number",
        ),
        ({"workload": "echo", "bin": "echo.py", "nodes": "10"}, "10 nodes; it must be 1 to 9"),
    ],
)
def test_settings_that_say_nothing_clear_are_refused(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], why: str
) -> None:
    monkeypatch.chdir(PROGRAMS)
    with pytest.raises(ValueError, match=why):
        counterpoint.build("maelstrom", settings=settings)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("-w", "echo", "--bin", "none.py"), "none.py: there is no such program"),
        (("-w", "sing", "--bin", "echo.py"), "there is no workload 'sing'; there are: echo"),
        (("-w", "echo", "--bin", "node_of_python.py"), "its first line must say by what it is run"),
        (("-w", "echo", "--bin", "echo.py", "--nemesis", "fire"), "there is no nemesis 'fire'"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(PROGRAMS)
    done = CliRunner().invoke(main, ["maelstrom", "test", *arguments])
    assert done.exit_code == 2
    assert why in done.output


@pytest.mark.parametrize("bin", ["/bin/sh", "../echo.py", ""])
def test_a_trace_can_name_no_program_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bin: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match="not under the current directory"):
        rebuild({"system": "maelstrom", "set.workload": "echo", "set.bin": bin})
