"""Causal order of visibility, the same order of updates, and both, with clocks, as automata."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.convergence import (
    Agreement,
    ReplicaHolding,
    SameOrder,
    UpdateStep,
    check_same_order,
)
from counterpoint.checkers.happens_before.clock_checks import Began, Clocks, ClockWatch, Stamped
from counterpoint.checkers.history import OPEN, UNKNOWN, Operation
from counterpoint.checkers.operations import Seen
from counterpoint.checkers.sessions.check import OfSessions, history_of
from counterpoint.checkers.visibility import (
    EMPTY,
    Deed,
    Missed,
    Pasts,
    Saw,
    Shown,
    Watch,
    Wrote,
    check_visibility,
)
from counterpoint.model.event import Event, EventKind
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Outcome
from tests.checkers.causal_histories import Shape, random_history
from tests.support.abd import Abd

SCENARIO = Scenario("none", Abd(), {}, ())
LOST, FOUND, GLAD = ("lost", 1), ("found", 1), ("glad", 1)


def reading(kind: EventKind, node: NodeId, value: Value) -> Deed | None:
    """A note that is a deed means that deed."""
    del kind, node
    return value if isinstance(value, Wrote | Saw | Missed | Shown) else None


def trace_of(*deeds: Deed) -> Trace:
    """A trace of notes, one a step."""
    events = tuple(Event(i, i, "note", deed[0], value=deed) for i, deed in enumerate(deeds))
    return Trace(SCENARIO, (), events, ())


STORY: tuple[Deed, ...] = (
    Wrote("alice", LOST),
    Shown("s3", LOST),
    Wrote("alice", FOUND),
    Saw("bob", FOUND),
    Wrote("bob", GLAD),
)


# ---- visibility at places ------------------------------------------------------------------------


def test_a_place_that_shows_writes_in_their_order_is_right() -> None:
    verdict = check_visibility(trace_of(*STORY, Shown("s3", FOUND), Shown("s3", GLAD)), reading)
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 3)


def test_a_write_that_overtakes_is_told_with_the_nearest_that_it_overtook() -> None:
    verdict = check_visibility(trace_of(*STORY, Shown("s3", GLAD), Shown("s3", FOUND)), reading)
    assert verdict.summary == (
        "glad was visible at s3 before found, although found happened before glad: "
        "alice wrote found, bob read it, bob wrote glad"
    )
    assert verdict.because == (
        "bob read found=1 (step 3), which alice wrote (step 2)",
        "bob read found=1 (step 3), then wrote glad=1 (step 4)",
        "s3 showed glad (step 5) and not yet found",
    )
    assert verdict.examined == 2


def test_news_makes_an_order_too_and_is_called_so() -> None:
    deeds = (Wrote("alice", FOUND), Saw("bob", FOUND, is_read=False), Wrote("bob", GLAD))
    verdict = check_visibility(trace_of(*deeds, Shown("s2", GLAD)), reading)
    assert "alice wrote found, bob was told of it, bob wrote glad" in verdict.summary


def test_writes_of_one_key_are_told_apart_by_their_values() -> None:
    deeds = (Wrote("alice", ("x", 1)), Wrote("alice", ("x", 2)), Shown("s1", ("x", 2)))
    verdict = check_visibility(trace_of(*deeds), reading)
    assert verdict.summary == (
        "x=2 was visible at s1 before x=1, although x=1 happened before x=2: "
        "alice wrote x=1, alice wrote x=2"
    )


@pytest.mark.parametrize("order", list(permutations((LOST, FOUND, GLAD))))
def test_only_one_order_of_three_is_right(order: tuple[tuple[str, int], ...]) -> None:
    shown = tuple(Shown("s2", write) for write in order)
    verdict = check_visibility(trace_of(*STORY, *shown), reading)
    assert verdict.is_broken == (order != (LOST, FOUND, GLAD))


def test_concurrent_writes_are_shown_in_any_order() -> None:
    deeds = (Wrote("alice", LOST), Wrote("bob", GLAD), Shown("s1", GLAD), Shown("s1", LOST))
    assert check_visibility(trace_of(*deeds), reading).outcome is Outcome.HOLDS


def test_where_nothing_is_shown_nothing_is_judged() -> None:
    verdict = check_visibility(trace_of(Wrote("alice", LOST)), reading)
    assert verdict.outcome is Outcome.UNDECIDED


# ---- the same as an automaton --------------------------------------------------------------------


def watched(rule: Watch, deeds: tuple[Deed, ...]) -> bool:
    """Tell whether an automaton says that a rule is broken."""
    memory: Value = rule.initial
    for deed in deeds:
        memory = rule.observe(memory, (Observation("note", deed[0], deed),))
    return rule.is_broken(memory)


def random_deeds(random: Random) -> tuple[Deed, ...]:
    """Three sessions write and see, two places show, all at random."""
    written: list[tuple[str, int]] = []
    shown: dict[str, set[tuple[str, int]]] = {"s1": set(), "s2": set()}
    deeds: list[Deed] = []
    for number in range(14):
        kind, session = random.randrange(3), f"c{random.randrange(3)}"
        place = random.choice(sorted(shown))
        hidden = [write for write in written if write not in shown[place]]
        if kind == 0:
            written.append((f"k{random.randrange(3)}", number))
            deeds.append(Wrote(session, written[-1]))
        elif kind == 1 and written:
            deeds.append(Saw(session, random.choice(written), is_read=False))
        elif kind == 2 and hidden:
            # the oldest first as a rule: then about half of all sequences are right
            write = hidden[0] if random.random() < 0.5 else random.choice(hidden)
            shown[place].add(write)
            deeds.append(Shown(place, write))
    return tuple(deeds)


@pytest.mark.slow
def test_checker_automaton_and_definition_agree_on_visibility() -> None:
    """For all sequences: broken exactly when a write is shown without one that happened before it."""
    random, broken = Random(4), 0
    for _ in range(2_000):
        deeds = random_deeds(random)
        expected = by_definition(deeds)
        broken += expected
        assert watched(Watch(reading, "order"), deeds) == expected
        assert check_visibility(trace_of(*deeds), reading).is_broken == expected
    assert 200 < broken < 1_800


def by_definition(deeds: tuple[Deed, ...]) -> bool:
    """Follow the chains of deeds, one step at a time, from every missing write."""
    for at, deed in enumerate(deeds):
        if isinstance(deed, Shown):
            before = deeds[:at]
            shown = {d.write for d in before if isinstance(d, Shown) and d.place == deed.place}
            missing = [
                start
                for start, other in enumerate(before)
                if isinstance(other, Wrote) and other.write not in shown | {deed.write}
            ]
            if any(leads_to(deeds, start, deed.write) for start in missing):
                return True
    return False


def leads_to(deeds: tuple[Deed, ...], start: int, write: tuple[object, object]) -> bool:
    """Tell whether a write happened before another, by a search through sessions and sightings."""
    reached, waiting = set[int](), [start]
    while waiting:
        at = waiting.pop()
        deed = deeds[at]
        for later in range(at + 1, len(deeds)):
            other = deeds[later]
            if isinstance(other, Shown) or later in reached:
                continue
            is_session = other[0] == deed[0]
            is_seen = (
                isinstance(deed, Wrote) and isinstance(other, Saw) and other.write == deed.write
            )
            if is_session or is_seen:
                reached.add(later)
                waiting.append(later)
    return any(isinstance(d, Wrote) and d.write == write for d in map(deeds.__getitem__, reached))


@pytest.mark.slow
def test_the_rule_of_reads_is_causal_consistency() -> None:
    """For all histories in which reads return what was written before: broken exactly as by CC."""
    random, broken = Random(5), 0
    shape = Shape(operation_count=9, future_rate=0.0, strange_rate=0.0)
    for _ in range(2_000):
        history = random_history(random, shape)
        expected = check_causal(history).is_broken
        broken += expected
        assert watched(Watch(reading, "reads"), tuple(map(deed_of, history))) == expected
    assert 200 < broken < 1_800


def deed_of(op: Operation) -> Deed:
    """An operation as a deed."""
    if op.f == "write":
        return Wrote(op.client, (op.key, op.argument))
    return Missed(op.client, op.key) if op.result is None else Saw(op.client, (op.key, op.result))


def test_the_first_breach_is_kept() -> None:
    memory = EMPTY
    for deed in (*STORY, Shown("s1", GLAD), Saw("carol", LOST), Missed("carol", "lost")):
        memory = memory.after(deed)
    assert memory.breach == ("order", FOUND)


def test_what_is_judged_in_place_is_what_the_automaton_remembers() -> None:
    """For random deeds: after each, the same is missing at every place."""
    random, found = Random(8), 0
    writes = [(key, value) for key in "xy" for value in range(3)]
    for _ in range(150):
        memory, in_place = EMPTY, Pasts()
        for _ in range(14):
            deed = random_deed(random, writes)
            memory = memory.after(deed)
            in_place.take(deed)
            for place in ("s1", "s2"):
                for write in writes:
                    missing = memory.missing(place, write)
                    assert in_place.missing(place, write) == missing
                    found += bool(missing)
    assert found > 1_000


def random_deed(random: Random, writes: list[tuple[str, int]]) -> Deed:
    """Draw a deed; a write may be written twice, which happens to no store."""
    session, place = random.choice(("alice", "bob", "carol")), random.choice(("s1", "s2"))
    write = random.choice(writes)
    choices = (Wrote(session, write), Saw(session, write), Missed(session, write[0]))
    return random.choice((*choices, Shown(place, write)))


def noted(node: NodeId, value: Value) -> Value:
    """A note is what was applied."""
    del node
    return value


def held(node: NodeId, value: Value) -> ReplicaHolding | None:
    """A note is what is held, if anything."""
    del node
    return value if isinstance(value, ReplicaHolding) else None


# ---- the same order ------------------------------------------------------------------------------


def test_prefixes_of_one_sequence_are_the_same_order() -> None:
    steps = (
        UpdateStep("s1", "a"),
        UpdateStep("s1", "b"),
        UpdateStep("s2", "a"),
        UpdateStep("s3", "a"),
        UpdateStep("s2", "b"),
    )
    verdict = check_same_order(steps)
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 3)


def test_an_update_that_is_left_out_is_another_order() -> None:
    steps = (
        UpdateStep("s1", "a", 1),
        UpdateStep("s1", "b", 2),
        UpdateStep("s3", "a", 3),
        UpdateStep("s3", "c", 4),
    )
    verdict = check_same_order(steps)
    assert verdict.summary == (
        "s3 applied c as its 2nd update (step 4), where s1 applied b (step 2)"
    )
    assert verdict.because[0] == "both had applied the same before: a"


def test_one_replica_alone_is_nothing_to_compare() -> None:
    assert check_same_order((UpdateStep("s1", "a"),)).outcome is Outcome.UNDECIDED


def test_the_automaton_of_the_same_order_agrees_with_the_checker() -> None:
    random, broken = Random(6), 0
    automaton = SameOrder(noted)
    for _ in range(1_000):
        steps = [UpdateStep(f"s{random.randrange(3)}", random.choice("aab")) for _ in range(5)]
        memory: Value = automaton.initial
        for step in steps:
            memory = automaton.observe(memory, (Observation("note", step.replica, step.update),))
        expected = check_same_order(steps).is_broken
        broken += expected
        assert automaton.is_broken(memory) == expected
    assert 100 < broken < 900


# ---- agreement, clocks, sessions -----------------------------------------------------------------


@pytest.mark.parametrize(("second", "is_broken"), [(2, False), (1, True)])
def test_replicas_with_the_same_writes_must_hold_the_same(second: int, is_broken: bool) -> None:
    automaton = Agreement(held)
    one, two = ReplicaHolding("m1", "x", 1), ReplicaHolding("m2", "x", 2)
    late = ReplicaHolding("m1", "x", second)
    notes = (("s1", one), ("s2", two), ("s1", two), ("s2", late))
    memory = automaton.observe(
        automaton.initial, [Observation("note", node, note) for node, note in notes]
    )
    assert automaton.is_broken(memory) is is_broken


def test_a_write_must_exceed_the_clock_of_the_one_before_it_in_its_session() -> None:
    x, y = ("x", 1), ("y", 1)
    before = Clocks().after(Began("a", x)).after(Stamped(x, 2)).after(Began("a", y))
    assert before.after(Stamped(y, 2)).is_broken
    assert not before.after(Stamped(y, 3)).is_broken


def test_concurrent_writes_may_have_any_clocks() -> None:
    x, y = ("x", 1), ("y", 1)
    clocks = Clocks().after(Began("a", x)).after(Began("b", y)).after(Stamped(x, 2))
    assert not clocks.after(Stamped(y, 1)).is_broken


def test_what_is_seen_while_a_write_is_under_way_does_not_come_before_it() -> None:
    x, y = ("x", 1), ("y", 1)
    watch = ClockWatch(lambda seen: seen.value if isinstance(seen.value, Began | Stamped) else None)
    said = (Began("a", x), Began("b", y), Stamped(x, 5, "b"), Stamped(y, 1))
    memory = watch.observe(watch.initial, [Observation("note", "n", note) for note in said])
    assert not watch.is_broken(memory)


def test_sessions_remember_calls_and_answers_and_no_real_time() -> None:
    def view(asked: Value, result: object) -> Seen:
        assert isinstance(asked, tuple)
        return Seen(asked[0], asked[1], asked[2], result if isinstance(result, int) else None)

    automaton = OfSessions(check_causal, view)
    told = (
        Observation("invoke", "a", ("write", "x", 1)),
        Observation("return", "a", None),
        Observation("invoke", "b", ("read", "x", None)),
        Observation("return", "b", 1),
        Observation("invoke", "b", ("read", "x", None)),
    )
    memory = automaton.observe(automaton.initial, told)
    other = automaton.observe(automaton.initial, (*told[2:4], *told[:2], *told[4:]))
    assert memory == other
    assert not automaton.is_broken(memory)
    history = history_of(memory, view)
    assert [(op.client, op.f, op.result) for op in history] == [
        ("a", "write", None),
        ("b", "read", 1),
        ("b", "read", UNKNOWN),
    ]
    assert history[-1].returned == OPEN
    assert automaton.is_broken(automaton.observe(memory, (Observation("return", "b", None),)))
