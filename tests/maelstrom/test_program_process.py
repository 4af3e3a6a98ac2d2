"""Processes of programs: when they wait, what they are found out in, and that none is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterpoint.harness.live.processes import COMMAND
from counterpoint.harness.maelstrom import program_process, quiet
from counterpoint.harness.maelstrom.external_programs import ExternalPrograms
from counterpoint.harness.maelstrom.program_process import (
    ExternalFailure,
    ProgramProcess,
    command_of,
)
from counterpoint.harness.maelstrom.program_scenario import program_scenario
from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.maelstrom.conftest import PROGRAMS, program

Writer = Callable[..., Path]
INIT = '{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1}}'
GO = '{"src":"c1","dest":"n1","body":{"type":"go","msg_id":1}}'

THREADS = """
if body['type'] == 'go':
    import threading
    def work(k):
        sum(range(200_000))
        say('c1', type='done', k=k)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    [t.start() for t in threads]
"""

WAITS = """
if body['type'] == 'go':
    import asyncio, threading, time
    def slept():
        time.sleep(1000); say('c1', type='slept', at=round(time.monotonic()))
    async def main():
        await asyncio.sleep(2000); say('c1', type='asyncio', at=round(time.monotonic()))
    def waited():
        c = threading.Condition()
        with c: c.wait(3000)
        say('c1', type='waited', at=round(time.monotonic()))
    for f in (slept, waited, lambda: asyncio.run(main())): threading.Thread(target=f).start()
    threading.Timer(4000, lambda: say('c1', type='timer', at=round(time.monotonic()))).start()
"""

JAVASCRIPT = """#!/usr/bin/env node
const say = (type, more) => console.log(JSON.stringify(
  { src: "n1", dest: "c1", body: { type, at: Date.now() - 1700000000000, ...more } }));
process.stdin.on("data", () => {
  say("begun", { id: require("crypto").randomUUID(), lot: Math.random() });
  setTimeout(() => say("once"), 2000);
  const timer = setInterval(() => {
    say("again");
    if (Date.now() - 1700000000000 >= 3000) clearInterval(timer);
  }, 1500);
  require("timers/promises").setTimeout(2500).then(() => say("promised"));
});
"""


@pytest.fixture
def begun() -> Iterator[Callable[[Path], ProgramProcess]]:
    processes: list[ProgramProcess] = []

    def begin(file: Path) -> ProgramProcess:
        processes.append(ProgramProcess(command_of(file), "n1 1"))
        return processes[-1]

    yield begin
    for process in processes:
        process.stop()


def said(process: ProgramProcess, line: str) -> list[str]:
    return [text.partition('"type": "')[2].partition('"')[0] for text in process.give(line).lines]


def test_all_that_a_program_does_about_a_line_is_waited_for(
    written: Writer, begun: Callable[[Path], ProgramProcess]
) -> None:
    process = begun(written(THREADS))
    assert said(process, GO.replace("go", "other")) == []
    assert said(process, GO) == ["done"] * 3
    assert said(process, GO.replace("go", "other")) == []


@pytest.mark.nightly
def test_where_threads_cannot_be_looked_at_a_program_that_is_silent_waits(
    written: Writer, begun: Callable[[Path], ProgramProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin, slower and less sure: so it is given time between two lines that it writes."""
    monkeypatch.setattr(program_process, "can_look", lambda: False)
    monkeypatch.setattr(program_process, "SILENCE_SECONDS", 3.0)
    assert said(begun(written(THREADS)), GO) == ["done"] * 3


def test_time_stands_still_for_a_program_until_it_is_let_pass(
    written: Writer, begun: Callable[[Path], ProgramProcess]
) -> None:
    process = begun(written(WAITS))
    assert process.give(GO).waits
    assert [said(process, "") for _ in range(4)] == [["slept"], ["asyncio"], ["waited"], ["timer"]]
    last = process.give("")
    assert (last.lines, last.waits) == ((), False)


def test_time_and_chance_of_javascript_are_replaced_too(
    tmp_path: Path, begun: Callable[[Path], ProgramProcess]
) -> None:
    program("g_counter.js")  # skips where there is no node
    file = tmp_path / "program.js"
    file.write_text(JAVASCRIPT)
    one, other = begun(file), begun(file)
    first = one.give(GO)
    assert first.lines == other.give(GO).lines
    assert first.waits
    told = [line for _ in range(4) for line in one.give("").lines]
    assert [line.partition('"at":')[2].rstrip("}") for line in told] == [
        "1500",
        "2000",
        "2500",
        "3000",
    ]
    assert not one.give("").waits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "raise ValueError('no such thing')",
            "ended with 1; its last words: ValueError: no such thing",
        ),
        ("sys.exit(0)", "ended with 0"),
        ("while True: pass", "does not come to rest within 0.2 s"),
        ("while True: print('x' * 10_000)", "at once|within 0.2 s"),
    ],
)
def test_a_program_that_ends_or_never_rests_is_found_out(
    written: Writer,
    begun: Callable[[Path], ProgramProcess],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    why: str,
) -> None:
    process = begun(written(text))
    process.give(INIT)
    if "while" in text:  # it would be waited for; who ends is told to have ended, however late
        monkeypatch.setattr(program_process, "STEP_SECONDS", 0.2)
    with pytest.raises(ExternalFailure, match=why):
        process.give(GO)


@pytest.mark.slow
def test_a_program_that_does_not_always_do_the_same_is_found_out(written: Writer) -> None:
    programs = ExternalPrograms(
        command_of(written("say('c1', type='done', pid=__import__('os').getpid())"))
    )
    other = GO.replace("go", "other")
    programs.written("n1", 1, (GO, GO))  # now a process stands there, and the next must begin anew
    with pytest.raises(
        NotDeterministic, match=r"n1, given .* did write .* and, begun again, write"
    ):
        programs.written("n1", 1, (GO, other))
    programs.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("print('garbage', flush=True)", "wrote 'garbage', which is no JSON; right would be"),
        ("print('[1]', flush=True)", r"wrote '\[1\]', which is no message"),
        ("say('n9', type='x')", "n9"),
        ("say(source, type='echo_ok', in_reply_to=body['msg_id'])", "lacks|is not there"),
        (
            "say(source, type='ok', echo=body['echo'], in_reply_to=body['msg_id'])",
            'right would be "type": "echo_ok"',
        ),
    ],
)
def test_a_run_shows_what_a_program_did_that_none_may(written: Writer, text: str, why: str) -> None:
    campaign = Campaign(program_scenario("echo", written(text)), seed=1)
    for _ in campaign.search(Budgets(3, None)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.summary
    import re

    assert re.search(why, example.verdict.summary), example.verdict.summary


def test_no_run_begins_with_a_program_that_does_not_know_its_name(written: Writer) -> None:
    from counterpoint.model.mistakes import BadScenario

    with pytest.raises(BadScenario, match=r"no run can begin.*does not answer init with"):
        Campaign(program_scenario("echo", written("pass", welcome=False)), seed=1)


# ---- nothing is left over --------------------------------------------------------------------------


def running(name: str) -> list[int]:
    """Return the processes that run a program of this path."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if name.encode() in line and state != "Z" and b"maelstrom\0test" not in line:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
def test_a_scenario_that_is_forgotten_has_no_processes(written: Writer) -> None:
    if not quiet.can_look():
        pytest.skip("processes are looked for in /proc")
    file = written("say(source, type='echo_ok', echo=body['echo'], in_reply_to=body['msg_id'])")
    campaign = Campaign(program_scenario("echo", file), seed=1)
    next(campaign.search(Budgets(2, None)))
    assert running(str(file))
    campaign.scenario.system.programs.close()  # type: ignore[attr-defined]
    assert not running(str(file))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_however_a_search_ends_no_program_is_left_over(written: Writer, how: int) -> None:
    if not quiet.can_look() or not program_process._tied():
        pytest.skip("processes are looked for in /proc, and ended by setpriv")
    file = written("import itertools\nif body['type'] == 'echo': [0 for _ in itertools.count()]")
    child = subprocess.Popen(
        [*COMMAND, "maelstrom", "test", "-w", "echo", "--bin", str(file), "--seconds", "100"],
        cwd=file.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    wait_until(lambda: len(running(str(file))) >= 3)
    child.send_signal(how)
    child.wait(timeout=60)
    wait_until(lambda: not running(str(file)))


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.05)


def test_the_programs_of_the_exercises_can_be_run() -> None:
    for file in PROGRAMS.glob("*"):
        if file.suffix in (".py", ".js") and not file.name.startswith("node_of_"):
            assert os.access(file, os.X_OK), file
