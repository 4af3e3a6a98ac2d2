"""Threads by number: equal histories, and only these, have equal numbers, and come back as they were."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterpoint.model.observer import Observation, ObserverState, Thread
from counterpoint.model.search.exploration.numbered_threads import NumberedThreads

NODES = ("a", "b")
OBSERVER = ObserverState(NODES)

moments = st.builds(
    Observation, st.sampled_from(("note", "crash")), st.sampled_from(NODES), st.integers(0, 1)
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Thread, ...]:
    """Draw what is remembered of calls, answers and moments in any order that can be."""
    memory, busy = OBSERVER.initial, set[str]()
    for _ in range(draw(st.integers(0, 6))):
        seen = draw(moments)
        if seen.kind == "note" and draw(st.booleans()):
            seen = Observation("return" if seen.node in busy else "invoke", seen.node, seen.value)
        if seen.kind == "invoke":
            busy.add(seen.node)
        elif seen.kind in ("return", "crash"):
            busy.discard(seen.node)
        memory = OBSERVER.observe(memory, [seen])
    return memory


@pytest.mark.slow
@given(st.lists(histories(), max_size=6))
def test_equal_histories_alone_have_equal_numbers_and_come_back(
    told: list[tuple[Thread, ...]],
) -> None:
    threads = NumberedThreads(len(OBSERVER.initial))
    numbers = [threads.number(history) for history in told]
    for one, number in zip(told, numbers, strict=True):
        assert threads.history(number) == one
        for other, its_number in zip(told, numbers, strict=True):
            assert (one == other) == (number == its_number)


@pytest.mark.slow
@given(histories())
def test_threads_that_were_handed_out_keep_their_numbers(told: tuple[Thread, ...]) -> None:
    threads = NumberedThreads(len(OBSERVER.initial))
    numbers = threads.number(told)
    assert threads.number(threads.history(numbers)) == numbers
    assert threads.number(tuple(Thread(*thread) for thread in told)) == numbers


def test_what_two_nodes_were_told_is_not_mixed_up() -> None:
    """1 and True are equal, and a property may tell them apart."""
    memory = OBSERVER.initial
    for node, result in (("a", 1), ("b", True)):
        memory = OBSERVER.observe(memory, [Observation("invoke", node, "ask")])
        if node == "b":
            # As if both had called before either was answered: the threads differ in nothing else.
            memory = (memory[0], Thread((memory[0].calls[0]._replace(answer=()),), True), memory[2])
        memory = OBSERVER.observe(memory, [Observation("return", node, result)])
    threads = NumberedThreads(len(OBSERVER.initial))
    told = threads.history(threads.number(memory))
    assert told[0] == told[1]
    assert [thread.calls[0].answer[0] for thread in told[:2]] == [1, True]
    assert [type(thread.calls[0].answer[0]) for thread in told[:2]] == [int, bool]
