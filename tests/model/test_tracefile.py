"""Trace files: what is written can be read and replayed; what is no trace is refused with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.replay_file import Diverged, replay
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import (
    VERSION,
    BadTraceFile,
    parse_trace,
    read_trace,
    trace_lines,
    write_trace,
)
from tests.support.abd import abd
from tests.support.echo import echo


def some_run(seed: int = 3) -> Trace:
    scenario = echo()
    return run(scenario, walk(Compiled(scenario), Random(seed), "swarm").run.choices)


def text_of(trace: Trace) -> bytes:
    return "".join(line + "\n" for line in trace_lines(trace, judge(trace))).encode()


@pytest.mark.parametrize("seed", range(12))
def test_a_written_run_replays_with_equal_digests(seed: int, tmp_path: Path) -> None:
    trace = some_run(seed)
    path = tmp_path / "deep" / "run.trace.jsonl"
    write_trace(path, trace, judge(trace))
    again = replay(read_trace(path), echo())
    assert again.choices == trace.choices
    assert text_of(again) == path.read_bytes()


@pytest.mark.slow
def test_a_file_is_the_same_under_every_hash_seed() -> None:
    """Sets of strings iterate differently under another seed; nothing may depend on that."""
    script = (
        "import sys; from tests.model.test_tracefile import some_run, text_of;"
        "sys.stdout.buffer.write(text_of(some_run(7)))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {text_of(some_run(7))}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"hello\n", "not a JSON object", id="noise"),
        pytest.param(b'{"type":"header"}\n', "not a trace", id="another format"),
        pytest.param(b"[1]\n", "every line of a trace is one", id="not an object"),
        pytest.param(b"[" * 100_000 + b"\n", "corrupted or no trace", id="deep nesting"),
        pytest.param(b'{"a":NaN}\n', "NaN", id="not a number"),
        pytest.param(b"\xff\xfe\n", "not a JSON object", id="not text"),
    ],
)
def test_what_is_no_trace_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadTraceFile, match=reason):
        parse_trace(content, "file")


def test_a_truncated_file_says_so_and_where() -> None:
    content = text_of(some_run())
    lines = content.count(b"\n")
    with pytest.raises(BadTraceFile, match=rf"file:{lines}: .*truncated"):
        parse_trace(content[:-5], "file")
    with pytest.raises(BadTraceFile, match=rf"file:{lines - 1}: .*truncated"):
        parse_trace(content[: content.rindex(b"\n", 0, -1) + 1], "file")


def test_a_changed_byte_is_noticed() -> None:
    content = text_of(some_run())
    with pytest.raises(BadTraceFile, match="corrupted"):
        parse_trace(content.replace(b'"node":"c1"', b'"node":"c2"', 1), "file")


def test_a_later_format_names_the_tool_that_can_read_it() -> None:
    lines = text_of(some_run()).split(b"\n")
    header = {**json.loads(lines[0]), "version": "2.0", "tool": {"version": "9.1"}}
    with pytest.raises(BadTraceFile, match=rf"format 2.0 by counterpoint 9.1; .* up to {VERSION}"):
        parse_trace(b"\n".join([json.dumps(header).encode(), *lines[1:]]), "file")


def test_unknown_types_and_fields_are_read_over() -> None:
    trace = some_run()
    lines = list(trace_lines(trace, judge(trace), about={"colour": "blue"}))
    assert (
        parse_trace("".join(f"{line}\n" for line in lines).encode(), "file").header["colour"]
        == "blue"
    )


def test_a_run_of_another_system_diverges_at_its_start() -> None:
    file = parse_trace(text_of(some_run()), "file")
    with pytest.raises(Diverged, match="step 0: the run starts differently"):
        replay(file, abd())


def test_a_step_that_does_something_else_names_the_field() -> None:
    """A digest that is not that of the world is found at its step."""
    file = parse_trace(text_of(some_run()), "file")
    step = next(k for k, s in enumerate(file.steps) if s.delta.get("s1"))
    doctored = [*file.steps]
    doctored[step] = replace(doctored[step], digest="0" * 16)
    with pytest.raises(Diverged, match=f"step {step}: .*source is the same"):
        replay(replace(file, steps=tuple(doctored)), echo())
