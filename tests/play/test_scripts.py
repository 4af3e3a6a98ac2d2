"""The scripted sessions of this folder: each line does what it says, and the saved trace replays."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.cli import main

SCRIPTS = sorted(Path(__file__).parent.glob("*.script"))
OPTIONS = {
    "by_hand": ["--servers", "3"],
    "late": ["--delay", "2"],
    "pay_transform_pay": [],
}


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.stem))
def test_a_script_does_what_it_says_and_its_trace_replays(script: Path, tmp_path: Path) -> None:
    out = tmp_path / "session.trace.jsonl"
    options = OPTIONS.get(script.stem, ["--servers", "5"])
    played = call("play", "token_manager", *options, "--script", str(script), "--out", str(out))
    assert played.exit_code == 0, played.output
    assert "conservation: holds" in played.output
    again = call("replay", str(out))
    assert again.exit_code == 0, again.output
    assert again.output.startswith("reproduced: ")
    alone = call("replay", str(out), "--fault-free")
    assert alone.exit_code == 0, alone.output
    assert alone.output.startswith("equal: ")


@pytest.mark.slow
def test_sessions_kept_in_a_folder_get_names_of_their_own(tmp_path: Path) -> None:
    script = str(Path(__file__).parent / "pay_transform_pay.script")
    for _ in range(2):
        played = call("play", "token_manager", "--script", script, "--out", str(tmp_path))
        assert played.exit_code == 0, played.output
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"token_manager-session-{number}.trace.jsonl" for number in (1, 2)]


@pytest.mark.slow
def test_a_script_alone_is_enough(tmp_path: Path) -> None:
    script = Path(__file__).parent / "pay_transform_pay.script"
    out = str(tmp_path / "session.jsonl")
    assert call("play", "token_manager", "--script", str(script), "--out", out).exit_code == 0
    slow = ["--servers", "5", "--faults", "--delay", "3", "--out", out]
    played = CliRunner().invoke(
        main,
        ["play", "token_manager", *slow],
        input="c1 pay 0 2\nwait 60\ns4 transform\nwait 60\nc2 pay 0 3\nwait 60\nstatus\n",
    )
    assert played.exit_code == 0, played.output
    assert "c1 pay 0 2: OK" in played.output
    assert "c2 pay 0 3: OK" in played.output
    assert "servers s1 s2 s3 s5" in played.output
    assert call("replay", out, "--fault-free").output.startswith("equal: ")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_payments_are_made_whatever_the_faults(seed: int, tmp_path: Path) -> None:
    script = tmp_path / "faults.script"
    script.write_text(
        "c1 pay 0 2\ns4 transform\nc2 pay 0 s4\ns4 pay 0 c6\nc1 get_tokens c6\n= 0@4\n"
    )
    out = tmp_path / "session.trace.jsonl"
    options = ["--servers", "5", "--faults", "--seed", str(seed), "--out", str(out)]
    played = call("play", "token_manager", *options, "--script", str(script))
    assert played.exit_code == 0, played.output
    assert "lost" in played.output
    assert call("replay", str(out)).exit_code == 0
    assert call("replay", str(out), "--fault-free").exit_code == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("c1 pay 0 2\ns2 pay 7 3\n", "line 2, 's2 pay 7 3': refused: ", id="refused"),
        pytest.param("! c1 pay 0 2\n", "it was to be refused, and was not", id="not refused"),
        pytest.param("c1 pay 0 2\n= rejected\n", "the last command said: o1 c1", id="answer"),
    ],
)
def test_a_wrong_line_ends_a_script_and_keeps_the_session(
    text: str, reason: str, tmp_path: Path
) -> None:
    script, out = tmp_path / "wrong.script", tmp_path / "session.trace.jsonl"
    script.write_text(text)
    played = call("play", "token_manager", "--script", str(script), "--out", str(out))
    assert played.exit_code == 2
    assert f"{script}: line " in played.stderr
    assert reason in played.stderr
    assert call("replay", str(out)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "play what?"),
        (["registre"], "'registre' is no system; there are: token_manager, register"),
        (["token_manager", "--delay", "long"], "'long' is no delay"),
        (["token_manager", "--servers", "8"], "must be a whole number from 3 to 7"),
        (["token_manager", "--servers", "2"], "must be a whole number from 3 to 7"),
        (["token_manager", "--set", "calls=c1 pay 0 2"], "are those that you type"),
        (["token_manager", "--from", "x"], "--from FILE says which system it is"),
        (["token_manager", "--script", "nowhere.script"], "nowhere.script"),
    ],
)
def test_a_session_that_cannot_begin_says_why(arguments: list[str], reason: str) -> None:
    result = call("play", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert "Traceback" not in result.output


def test_a_session_reads_commands_from_a_pipe_and_goes_on_from_a_step(tmp_path: Path) -> None:
    first, other = tmp_path / "first.jsonl", tmp_path / "other.jsonl"
    runner = CliRunner()
    options = ["play", "token_manager", "--out", str(first)]
    made = runner.invoke(main, options, input="c1 pay 0 2\nc2 pay 0 3\n")
    assert made.exit_code == 0, made.output
    options = ["play", "--from", str(first), "--step", "13", "--out", str(other)]
    made = runner.invoke(main, options, input="status\nnext c2\nc3 get_tokens c3\nhistory\n")
    assert made.exit_code == 0, made.output
    assert "planned: pay 0 3" in made.output
    assert "c2 pay 0 3: OK" in made.output
    assert call("replay", str(other)).exit_code == 0
