"""How commands end when the world around them does: signals, streams, folders, terminals."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness import keeping
from counterpoint.harness.cli import main
from counterpoint.model.tracefile import read_trace, write_trace

PROGRAM = "from counterpoint.harness.start import main; main()"
FAILING = ["fuzz", "register", "--mutant", "B10", "--seed", "1"]
HISTORY = str(Path(__file__).parents[1] / "check" / "histories" / "06-history.txt")
FULL = Path("/dev/full")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"], **changes}


def process(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, without HOME and whatever else is set here."""
    return subprocess.run(
        command(*arguments),
        env=dict(env or environment()),
        text=True,
        encoding="utf-8",
        check=False,
        stderr=subprocess.PIPE,
        **{"stdout": subprocess.PIPE, **options},
    )


# ---- what was found is kept ----------------------------------------------------------------------


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> Iterator[None]:
    """Let every write below some folders end as on a full disk."""
    usual = write_trace

    def write(path: Path, *arguments: Any, **options: Any) -> None:
        if any(path.is_relative_to(folder) for folder in folders):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        usual(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "write_trace", write)
        yield


COMMANDS = [
    pytest.param([*FAILING, "--json"], id="fuzz"),
    pytest.param(["explore", "register", "--mutant", "B10", "--json"], id="explore"),
    pytest.param(
        ["explore", "register", "--mutant", "B10", "--reduction", "dpor", "--json"], id="dpor"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", COMMANDS)
def test_on_a_full_disk_the_trace_goes_to_the_temporary_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with full_disk(monkeypatch, tmp_path / "out"):
        ended = call(*arguments, "--out", tmp_path / "out")
    assert ended.exit_code == 4, ended.output
    found = json.loads(ended.stdout)
    assert found["outcome"] == "broken"
    assert Path(found["trace"]).is_relative_to(tmp_path / "temporary")
    assert "No space left on device" in found["not_kept"]
    assert f"the trace is {found['trace']}" in ended.stderr
    assert call("replay", found["trace"]).exit_code == 0


@pytest.mark.slow
def test_with_no_place_at_all_the_counterexample_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with full_disk(monkeypatch, tmp_path):
        ended = call(*FAILING, "--out", tmp_path / "out")
    assert ended.exit_code == 4
    assert "✗ authorisation" in ended.stdout
    assert "replay " not in ended.stdout
    assert "it is not kept" in ended.stderr


def test_a_session_that_cannot_be_saved_is_judged_and_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "a.script"
    script.write_text("c1 pay 0 3\n")
    with full_disk(monkeypatch, tmp_path / "out"):
        asked = ("play", "token_manager", "--script", script)
        ended = call(*asked, "--out", tmp_path / "out" / "a.trace.jsonl")
    assert ended.exit_code == 4, ended.output
    assert "conservation: holds" in ended.stdout
    saved = ended.stdout.partition("saved: ")[2].split(" (")[0]
    assert read_trace(Path(saved)).steps


def test_a_checkpoint_on_a_full_disk_does_not_end_the_exploration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy")
    from counterpoint.model.search.columnar.explorer import VectorExplorer

    def save(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(VectorExplorer, "save", save)
    asked = ["explore", "register", "--scenario", "small", "--set", "reads=0", "--json"]
    ended = call(*asked, "--checkpoint", tmp_path / "c", "--checkpoint-seconds", "0")
    assert ended.exit_code == 3  # nobody asked for liveness, which the scenario claims
    assert json.loads(ended.stdout)["unique"] == 34
    assert "cannot be written: No space left on device" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["view"], ["export", "--to", "dot"], ["upgrade"]],
    ids=lambda arguments: arguments[0],
)
def test_a_target_that_cannot_be_written_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    found = json.loads(call(*FAILING, "--json", "--out", tmp_path).stdout)
    (tmp_path / "file").touch()
    name, *rest = arguments
    ended = call(name, found["trace"], *rest, "--out", tmp_path / "file" / "below")
    assert ended.exit_code == 2, ended.output
    assert ended.stderr.count("\n") == 1


# ---- names of traces -----------------------------------------------------------------------------


@pytest.mark.slow
def test_other_searches_have_other_names(tmp_path: Path) -> None:
    searches = [
        [],
        ["--seed", "2"],
        ["--shard", "1/2"],
        ["--shard", "2/2"],
        ["--strategy", "pct"],
        ["--set", "reads=3"],
        ["--set", "reads=4"],
        ["--set", "reads=3", "--set", "writes=3"],
    ]
    names = set()
    for search in searches:
        ended = call("fuzz", "register", "--mutant", "B10", "--json", "--out", tmp_path, *search)
        assert ended.exit_code == 1, ended.output
        names.add(json.loads(ended.stdout)["trace"])
    for explored in ([], ["--reduction", "dpor"], ["--lossy"]):
        asked = ("explore", "register", "--mutant", "B10", "--json", "--out", tmp_path)
        names.add(json.loads(call(*asked, *explored).stdout)["trace"])
    assert len(names) == len(searches) + 3
    assert {Path(name) for name in names} == set(tmp_path.iterdir())
    assert all("B10" in name for name in names)


@pytest.mark.slow
def test_the_replay_command_is_quoted_for_a_shell(tmp_path: Path) -> None:
    out = tmp_path / "it's $(touch owned)"
    ended = call(*FAILING, "--out", out)
    line = next(line for line in ended.stdout.splitlines() if line.startswith(" replay "))
    typed = line.removeprefix(" replay ").strip().removeprefix("counterpoint replay ")
    shell = subprocess.run(["sh", "-c", f"printf %s {typed}"], capture_output=True, check=True)
    assert Path(shell.stdout.decode()).parent == out
    assert not Path("owned").exists()


@pytest.mark.slow
def test_two_processes_with_one_folder_keep_both_finds(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            command(*FAILING, "--json", "--out", tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for _ in range(2)
    ]
    for one in both:
        told, errors = one.communicate(timeout=300)
        assert one.returncode == 1, errors
        assert read_trace(Path(json.loads(told)["trace"])).steps
    assert not list(tmp_path.glob("*.part"))


# ---- signals -------------------------------------------------------------------------------------


SEARCHES = {
    "fuzz": ["fuzz", "register", "--seconds", "300", "--json"],
    "explore": ["explore", "register", "--json"],
    "dpor": ["explore", "register", "--reduction", "dpor", "--json"],
}


def signalled() -> Iterator[Any]:
    """Every search with every signal; by day each signal once, and each search."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for (of_search, name), (of_signal, number) in product(enumerate(SEARCHES), enumerate(signals)):
        mark = pytest.mark.slow if of_search == of_signal else pytest.mark.nightly
        yield pytest.param(SEARCHES[name], number, id=f"{name}-{number.name}", marks=mark)


@pytest.mark.parametrize(("arguments", "number"), list(signalled()))
def test_a_signal_ends_a_search_with_what_it_found(
    arguments: list[str], number: signal.Signals, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    # The first report of a search is the moment from which on there is something to tell.
    watched = (
        "from pathlib import Path\n"
        "from counterpoint.harness.output import ProgressLine\n"
        f"ProgressLine.show = lambda *_: Path({str(begun)!r}).touch()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", watched + PROGRAM, *arguments, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as one:
        while not begun.exists():
            assert one.poll() is None, one.communicate()
        one.send_signal(number)
        told, errors = one.communicate(timeout=300)
    assert one.returncode == 128 + number, errors
    assert json.loads(told)["outcome"] in ("holds", "undecided")
    assert "Traceback" not in errors


@pytest.mark.parametrize("module", ["click", "counterpoint.harness.commands.fuzz"])
def test_a_signal_before_there_is_a_search_is_one_line(module: str, tmp_path: Path) -> None:
    """The signal arrives while a module is imported that the command needs."""
    early = (
        "import os, signal, sys\n"
        "class Early:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Early())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", early + PROGRAM, *FAILING, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (ended.returncode, ended.stderr.strip()) == (130, "counterpoint: interrupted")


@pytest.mark.slow
def test_what_was_found_is_kept_when_its_minimising_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from counterpoint.model.search.walks.campaign import Campaign

    usual = Campaign.counterexample

    def interrupted(campaign: Campaign) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return usual(campaign)

    monkeypatch.setattr(Campaign, "counterexample", interrupted)
    ended = call(*FAILING, "--json", "--out", tmp_path)
    assert ended.exit_code == 130
    found = json.loads(ended.stdout)
    assert (found["outcome"], found["interrupted"]) == ("broken", True)
    assert read_trace(Path(found["trace"])).steps


# ---- streams and terminals -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoding",
    [
        "cp1252",
        "ascii",
        *(pytest.param(e, marks=pytest.mark.nightly) for e in ("latin-1", "utf-8")),
    ],
)
def test_no_encoding_ends_in_a_traceback(encoding: str, tmp_path: Path) -> None:
    env = environment(PYTHONIOENCODING=encoding, LC_ALL="C")
    for more in ([], ["--json"]):
        ended = process(*FAILING, *more, "--out", tmp_path, env=env)
        assert (ended.returncode, ended.stderr) == (1, "")
        assert "authorisation" in ended.stdout


@pytest.mark.slow
def test_a_pipe_that_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = process(*FAILING, "--out", tmp_path, stdout=writing)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")
    assert len(list(tmp_path.iterdir())) == 1, "the trace is kept all the same"


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "arguments", [FAILING, ["list"], ["check", HISTORY]], ids=["fuzz", "list", "check"]
)
def test_a_full_disk_behind_the_output_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    with FULL.open("w") as full:
        out = ("--out", tmp_path) if arguments == FAILING else ()
        ended = process(*arguments, *out, stdout=full)
    assert ended.returncode == 4
    said = "counterpoint: the standard output cannot be written: No space left on device\n"
    assert ended.stderr == said


def test_without_streams_nothing_is_missed_but_the_text() -> None:
    line = f"exec {' '.join(map(repr, command('list')))} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], env=environment(), check=False).returncode == 0


@pytest.mark.slow
def test_a_terminal_of_twenty_columns_is_wide_enough(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="no terminals here")
    history = tmp_path / "h.edn"
    history.write_text("{:process 0, :type :invoke, :f :read, :value nil}\n"
                       "{:process 0, :type :ok, :f :read, :value 7}\n")  # fmt: skip
    for arguments in ([*FAILING, "--out", tmp_path], ["check", history], ["list"]):
        ours, theirs = pty.openpty()
        env = environment(COLUMNS="20", LINES="5", TERM="xterm")
        with subprocess.Popen(
            command(*arguments), stdout=theirs, stderr=theirs, stdin=theirs, env=env
        ) as one:
            os.close(theirs)
            text = b""
            while chunk := _read(ours):
                text += chunk
        os.close(ours)
        assert one.returncode in (0, 1), text
        assert b"Traceback" not in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is gone
        return b""
