"""Ctrl-C in pytest: the summary says what was searched, and what was found is kept."""

from __future__ import annotations

import pytest

from counterpoint.harness.plugin.stopped import SearchStopped
from counterpoint.model.search.walks.tally import Progress

pytest_plugins = ("pytester",)

MODULE = """
import counterpoint as cp

JUDGED = []

def stop_after_forty(trace):
    JUDGED.append(trace)
    if len(JUDGED) == 40:
        raise KeyboardInterrupt
    return True

def server(state, given):
    match given:
        case cp.Receive(source, "ping"):
            return cp.Step(state + 1, cp.Send(source, "pong"))

def client(state, given):
    match given:
        case cp.Invoke("ask"):
            return cp.Step(state, cp.Send("server", "ping"))
        case cp.Receive(_, "pong"):
            return cp.Step(state, cp.Return("done"))

ASKING = cp.Scenario(
    "asking",
    cp.system(server=(server, 0), client=(client, 0)),
    calls={"client": ["ask"] * 3},
    properties=[
        cp.Property("stops", stop_after_forty, reads="trace"),
        cp.Property("few", lambda trace: trace.final.node_state("server").state < LIMIT, reads="trace"),
    ],
)
test_asking = cp.verify(ASKING, runs=1000)
"""


@pytest.mark.slow
def test_the_summary_says_what_was_searched(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(right=MODULE.replace("LIMIT", "9"))
    result = pytester.runpytest_subprocess("-q", "right.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["right.py::test_asking: interrupted after * runs, 3.0 calls completed a run, 0 faults: "
         "nothing was broken yet"]
    )  # fmt: skip


@pytest.mark.slow
def test_what_was_found_is_kept(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(found=MODULE.replace("LIMIT", "3").replace("== 40", "== 10"))
    result = pytester.runpytest_subprocess("-q", "found.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "found.py::test_asking: interrupted after * runs, * few was broken: *",
            "  pytest found.py::test_asking --counterpoint-replay *few*.trace.jsonl",
        ]
    )
    (kept,) = (pytester.path / ".counterpoint").glob("*.trace.jsonl")
    assert "few" in kept.name


def test_an_interruption_tells_of_the_search_before_it_as_well() -> None:
    walked = Progress(10, 100, 20, {"drop": 2}, 0, 1.0)
    stopped = SearchStopped.at(Progress(5, 50, 10, {"drop": 1}, 0, 1.0)).after(walked)
    assert (stopped.runs, stopped.completed, stopped.faults) == (15, 30, 3)
    assert stopped.told().startswith(
        "interrupted after 15 runs, 2.0 calls completed a run, 3 faults"
    )
    assert issubclass(SearchStopped, KeyboardInterrupt)
