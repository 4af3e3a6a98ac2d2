"""The two demonstrations: a reader that is slow, and one that is down, during a write."""

from __future__ import annotations

import pytest

from counterpoint.harness.systems.register import ENTRY
from counterpoint.impl.register.demonstrations import DEMONSTRATIONS, NEW
from counterpoint.impl.register.protocol import Server
from counterpoint.impl.register.values import Record
from counterpoint.model.faults import Release
from counterpoint.model.normal import Deliver
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Outcome
from counterpoint.model.world import World


def kept_at_50052(world: World) -> Record:
    """The record of token 1 at 50052."""
    server = world.node_state("s50052").state
    assert isinstance(server, Server)
    return server.shelf.record(1)


def played(name: str) -> Trace:
    """The run of a demonstration."""
    return run(ENTRY.scenario(name), DEMONSTRATIONS[name])


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_the_write_completes_with_two_of_three_and_the_read_at_50052_sees_it(name: str) -> None:
    trace = played(name)
    returns = [(e.node, e.value) for e in trace.events if e.kind == "return"]
    assert NEW.written is not None
    assert returns == [("c1", NEW.written.partial), ("c2", NEW.written)]
    assert not any(verdict.is_broken for verdict in judge(trace))
    assert judge(trace)[3].outcome is Outcome.HOLDS


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_the_read_writes_the_new_record_back_at_50052(name: str) -> None:
    trace = played(name)
    written_back = next(
        step
        for step, choice in enumerate(trace.choices)
        if isinstance(choice, Deliver) and choice.src == choice.dst == "s50052"
        and kept_at_50052(trace.worlds[step + 1]) == NEW
    )  # fmt: skip
    assert kept_at_50052(trace.worlds[written_back]) == Record(1)
    answered = next(event.step for event in trace.events if event.node == "c2" and event.value)
    assert answered < written_back < len(trace.choices)
    assert kept_at_50052(trace.final) == NEW


def test_the_late_store_changes_nothing() -> None:
    trace = played("slow_replica")
    release, late = trace.choices[-2:]
    assert isinstance(release, Release)
    assert isinstance(late, Deliver)
    assert (late.src, late.dst) == ("s50051", "s50052")
    assert trace.final.node_state("s50052") == trace.worlds[-2].node_state("s50052")
    assert [event.kind for event in trace.events_of_step(len(trace.choices) - 1)] == [
        "deliver",
        "send",
    ], "it is acknowledged, and nothing is persisted"


def test_a_reader_that_is_down_acknowledges_nothing() -> None:
    trace = played("down_replica")
    (lost,) = (event for event in trace.events if event.kind == "lose")
    assert (lost.dst, lost.why) == ("s50052", "s50052 is down")
    to_writer = {e.src for e in trace.events if e.kind == "deliver" and e.node == "s50051"}
    assert to_writer == {"c1", "s50051", "s50053"}
