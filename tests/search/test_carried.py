"""Observers that are carried along say of a run what the checks say, or leave it to them."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest

from counterpoint.checkers.objects.specifications import (
    AppendList,
    Bag,
    CasRegister,
    Counter,
    Mutex,
    Queue,
    Register,
    Semaphore,
    Set,
    Stack,
)
from counterpoint.harness.catalog import build
from counterpoint.harness.claims import OBSERVED_IN_WALKS, Map, linearizable
from counterpoint.impl.register.messages import NO_READ, NO_WRITE, Read, Refused, Write
from counterpoint.impl.register.values import written
from counterpoint.model.claims import Property
from counterpoint.model.decider import DecidedOnceAnswered
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Ruling, ruling_of
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.walks.carried import TRIALS, CarriedObservers
from counterpoint.model.search.walks.examine import ASK_CHECKS_EVERY, Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from tests.support.nights import by_day

RUNS = 80
TOLD_AT_LEAST = 5


def rulings(scenario: Scenario, *, carried: bool) -> list[tuple[Ruling, ...]]:
    """Judge the first runs of a scenario."""
    compiled = Compiled(scenario)
    examiner = Examiner(compiled)
    examiner.carried.pays &= carried
    walks = [walk(compiled, Random(seed), "mixed") for seed in range(RUNS)]
    return [examiner.rulings(walked.run, walked.failure) for walked in walks]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [None, "B1", "B2", "B3", "B7", "B10"])
def test_every_run_of_the_register_right_and_wrong_is_judged_alike(mutant: str | None) -> None:
    scenario = build("register", mutant=mutant)
    assert rulings(scenario, carried=True) == rulings(scenario, carried=False)


# ---- random histories, as no system would make them ----------------------------------------------


def histories(
    count: int,
    operations: Sequence[Value],
    results: Sequence[Value],
    reads: Sequence[Value] = (),
) -> Iterator[list[Observation]]:
    """Return random histories of three clients: answers of any kind, crashes, calls given up.

    With `reads` only the first client does anything else.
    """
    for seed in range(count):
        random, seen, busy = Random(seed), list[Observation](), set[NodeId]()
        for _ in range(random.randint(1, 12)):
            client = random.choice(("c1", "c2", "c3"))
            if client not in busy:
                busy.add(client)
                own = reads if reads and client != "c1" else operations
                seen.append(Observation("invoke", client, random.choice(own)))
                continue
            busy.remove(client)
            is_crash = random.random() < 0.1
            kind, value = ("crash", None) if is_crash else ("return", random.choice(results))
            seen.append(Observation(kind, client, value))  # type: ignore[arg-type]
        yield seen


def carried_as_checked(props: Sequence[Property], runs: Iterator[list[Observation]]) -> None:
    """Compare what is said without the checks with what they say, and see that it is said."""
    scenario, told_of = build("register"), collections.Counter[str]()
    for seen in runs:
        numbers = range(len(seen))
        carried = CarriedObservers(props, seen)
        for prop, told in zip(props, carried.told(numbers), strict=True):
            verdict = answer_of(prop, history_trace(scenario, seen))
            assert not (carried.is_unbroken(prop.name, numbers) and verdict.is_broken), seen
            assert told in (None, ruling_of(verdict)), (prop.name, seen)
            told_of[prop.name] += told is not None
    assert min(told_of[prop.name] for prop in props) > TOLD_AT_LEAST, told_of


@pytest.mark.slow
@pytest.mark.parametrize(("values", "is_one_writer"), [(2, True), (2, False), (6, True)])
@pytest.mark.parametrize("count", by_day(350, 500))
def test_of_random_histories_of_registers_observers_say_no_more_than_the_checks(
    values: int, is_one_writer: bool, count: int
) -> None:
    numbers = [(n, n + 1, n + 3) for n in range(values)]
    writes = [Write(4, "a", *number, "s50052") for number in numbers]
    reads = [Read(4, "s50052"), Read(4, "s50053")]
    answers = (*(written("a", *number) for number in numbers[:2]), None, None)
    props = [p for p in build("register").properties if p.reads == "operations"]
    carried_as_checked(
        props,
        histories(
            count,
            (*writes, *reads),
            (*answers, *answers, *answers, GaveUp(), Refused(NO_READ), Refused(NO_WRITE)),
            reads if is_one_writer else (),
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(200, 500))
def test_of_random_histories_of_maps_the_observer_says_no_more_than_the_check(count: int) -> None:
    operations = [("put", "x", 1), ("put", "x", 2), ("put", "y", 1), ("get", "x"), ("get", "y")]
    results = (None, 1, 2, "refused", GaveUp())
    carried_as_checked([linearizable(Map())], histories(count, operations, results))


PUT, GOT = [("put", 1), ("put", 2)], (None, 1, 2, "refused", GaveUp())
OBJECTS: dict[str, tuple[Property, list[Value], tuple[Value, ...]]] = {
    "queue": (
        linearizable(Queue(), words={"put": "enqueue", "get": "dequeue"}),
        [*PUT, "get"],
        GOT,
    ),
    "stack": (linearizable(Stack(), words={"put": "push", "get": "pop"}), [*PUT, "get"], GOT),
    "lock": (linearizable(Mutex()), ["acquire", "release"], ("ok", "refused", GaveUp())),
    "semaphore": (
        linearizable(Semaphore(2)),
        [("acquire", 1), ("release", 1)],
        (None, "refused", GaveUp()),
    ),
    "counter": (linearizable(Counter()), [("add", 1), ("add", 2), "read"], (0, 1, 2, 3, GaveUp())),
    "cas": (
        linearizable(CasRegister()),
        [("cas", (1, 2)), ("cas", (2, 1)), ("write", 1), "read"],
        (1, 2, True, False, None, "refused", GaveUp()),
    ),
    "list": (
        linearizable(AppendList()),
        [("append", 1), ("append", 2), "read"],
        ((), (1,), (2,), (1, 2), (2, 1), None, GaveUp()),
    ),
    "set": (
        linearizable(Set()),
        [("add", 1), ("remove", 1), ("contains", 1), "read"],
        (frozenset(), frozenset({1}), True, False, None, "refused", GaveUp()),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("count", by_day(200, 500))
def test_of_random_histories_of_an_object_the_observer_says_no_more_than_the_check(
    name: str, count: int
) -> None:
    prop, operations, results = OBJECTS[name]
    carried_as_checked([prop], histories(count, operations, results))


def test_every_object_whose_observer_judges_walks_is_tried() -> None:
    tried = {prop.observer.specification for prop, _, _ in OBJECTS.values()}  # type: ignore[union-attr]
    assert {type(one) for one in tried} | {Register} == OBSERVED_IN_WALKS


def test_what_an_author_brings_is_judged_by_the_check_alone() -> None:
    def view(operation: Value, result: object) -> None:
        del operation, result

    assert linearizable(Bag()).observer is None
    assert linearizable(Register(), view=view).decided is None


# ---- what cannot be told -------------------------------------------------------------------------


@dataclass(frozen=True)
class Blind:
    """An observer that sees nothing wrong, and says so of every run; or one that cannot look."""

    raises: bool = False
    counts: bool = False

    @property
    def initial(self) -> Value:
        """Nothing."""
        return 0

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Look away, or count."""
        if self.raises:
            raise ValueError("what is this?")
        assert isinstance(memory, int)
        return memory + len(seen) * self.counts

    def is_broken(self, memory: Value) -> bool:
        """Never."""
        del memory
        return False

    def is_decided(self, memory: Value) -> bool:
        """Always."""
        del memory
        return True


def with_observer(observer: Blind, *, is_right: bool) -> Scenario:
    """Return the register, with one property: nobody is ever answered, or whatever may be."""

    def check(trace: Trace) -> bool:
        return is_right or not any(event.kind == "return" for event in trace.events)

    claim = Property("silence", check, observer=observer, decided=observer)
    return build("register").replace(properties=(claim,))


def test_an_observer_that_misses_what_its_check_finds_ends_the_search() -> None:
    with pytest.raises(BadScenario, match="the observer of 'silence' says that it holds"):
        rulings(with_observer(Blind(), is_right=False), carried=True)


@pytest.mark.slow
def test_where_an_observer_raises_the_check_is_asked() -> None:
    told = rulings(with_observer(Blind(raises=True), is_right=False), carried=True)
    assert ("silence", "broken", "") in {tuple(run[-1]) for run in told}
    assert told == rulings(with_observer(Blind(raises=True), is_right=False), carried=False)


@dataclass(frozen=True)
class Failing(Blind):
    """An observer that fails when it is asked, or remembers what no set can hold."""

    asked: bool = False

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Remember a list."""
        return memory if self.asked else [*seen]  # type: ignore[return-value]

    def is_broken(self, memory: Value) -> bool:
        """Fail."""
        raise ValueError(f"what is {memory}?")


@pytest.mark.parametrize("asked", [True, False])
def test_an_observer_that_fails_otherwise_leaves_it_to_the_check_too(asked: bool) -> None:
    told = rulings(with_observer(Failing(asked=asked), is_right=False), carried=True)
    assert ("silence", "broken", "") in {tuple(run[-1]) for run in told}


@pytest.mark.parametrize(
    ("observer", "decided", "complaint"),
    [
        pytest.param(7, None, "observer = 7, which has no `initial`", id="no observer"),
        pytest.param(Blind(), True, "decided = True, which has no `initial`", id="no decider"),
        pytest.param(None, Blind(), "has `decided`, and no observer", id="alone"),
    ],
)
def test_automata_that_are_none_are_refused(
    observer: object, decided: object, complaint: str
) -> None:
    with pytest.raises(BadScenario, match=complaint):
        Property("p", lambda trace: True, observer=observer, decided=decided)  # type: ignore[arg-type]  # noqa: ARG005


def test_an_observer_that_never_comes_back_is_given_up() -> None:
    scenario = with_observer(Blind(counts=True), is_right=True)
    carried = CarriedObservers(scenario.properties, [Observation("note", "c1", 0)])
    assert carried.told([0] * TRIALS[0][0]) == (Ruling("silence", "holds"),)
    assert not carried.pays
    assert carried.told([0]) == (None,)


@pytest.mark.parametrize(
    ("calls", "is_decided"),
    [
        pytest.param("w1 w2", True, id="two values"),
        pytest.param("w1 w1", False, id="one value twice"),
        pytest.param("r r r", True, id="nothing marked"),
    ],
)
def test_a_check_that_takes_values_for_unique_is_asked_where_they_are_not(
    calls: str, is_decided: bool
) -> None:
    decider = DecidedOnceAnswered(None, _marked)
    memory = decider.initial
    for call in calls.split():
        asked = Observation("invoke", "c1", call), Observation("return", "c1", None)
        memory = decider.observe(memory, asked)
    assert decider.is_decided(memory) == is_decided


def test_one_client_may_write_again_and_two_may_not() -> None:
    decider = DecidedOnceAnswered(None, _marked, by_client=True)

    def after(*clients: NodeId) -> bool:
        kinds = ("invoke", "return")
        seen = [Observation(kind, c, "w1") for c in clients for kind in kinds]  # type: ignore[arg-type]
        return decider.is_decided(decider.observe(decider.initial, seen))

    assert after("c1", "c1")
    assert not after("c1", "c2")
    assert not replace(decider, by_client=False).is_decided(decider.initial)


def _marked(operation: Value) -> str | None:
    return operation if isinstance(operation, str) and operation.startswith("w") else None


def test_judges_of_runs_with_other_calls_ask_the_checks_no_more_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = Compiled(build("register"))
    judge, asked = Examiner(compiled), list[int]()
    monkeypatch.setattr(Examiner, "_compare", lambda *_: asked.append(1))
    for seed in range(ASK_CHECKS_EVERY):
        run = walk(compiled, Random(seed), "mixed").run
        judge.of(compiled.with_calls_of(compiled.scenario)).rulings(run)
    assert len(asked) == 1
