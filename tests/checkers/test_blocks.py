"""Chains of compare-and-set and lists read as a whole, against exhaustive search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, History, Operation
from counterpoint.checkers.linearizability.blocks import Clash, order_chains
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.growing import order_lists, order_texts
from counterpoint.checkers.objects.p_compositionality import judged
from counterpoint.checkers.objects.specifications import (
    AppendList,
    CasRegister,
    Specification,
    Text,
)
from counterpoint.checkers.objects.verify import legal_order, witness_fault
from tests.checkers.random_histories import Draw, Shape, call, random_history, read, write
from tests.support.nights import by_day

Found = tuple[Operation, ...] | Clash | None


def _draw_swap(random: Random, index: int) -> tuple[str, Hashable]:
    """Values that nobody else writes; what is compared with is likely to have been there."""
    kind = random.random()
    if kind < 0.2:
        return "write", index + 1
    return ("cas", (random.randint(0, index), index + 1)) if kind < 0.6 else ("read", None)


def _answer_swap(random: Random, f: str, _argument: Hashable) -> Hashable:
    match f:
        case "read":
            return random.randint(0, 5)
        case "cas":
            return random.random() < 0.7
        case _:
            return None


def _draw_list(random: Random, index: int) -> tuple[str, Hashable]:
    kind = random.random()
    if kind < 0.4:
        return "append", index + 1
    return ("put", (-index - 1,)) if kind < 0.5 else ("read", None)


def _answer_list(random: Random, f: str, _argument: Hashable) -> Hashable:
    if f != "read":
        return None
    start = random.choice(([], [], [-1], [-2], [-3]))
    return (*start, *random.sample((1, 2, 3, 4), random.randint(0, 3)))


def _draw_text(random: Random, index: int) -> tuple[str, Hashable]:
    """Some texts twice, some both put and appended; none is a beginning of another."""
    kind, text = random.random(), f"{random.randint(1, random.choice((3, 2 * index + 2)))}."
    if kind < 0.4:
        return "append", text
    return ("put", text) if kind < 0.5 else ("get", None)


def _answer_text(random: Random, f: str, _argument: Hashable) -> Hashable:
    if f != "get":
        return None
    return "".join(random.choices(("1.", "2.", "3.", "4."), k=random.randint(0, 3)))


def _compare(
    order_of: Callable[[History], Found],
    specification: Specification,
    draw: Draw,
    answer: Callable[[Random, str, Hashable], Hashable],
    *,
    count: int,
    seed: int,
) -> Counter[str]:
    random = Random(seed)
    seen: Counter[str] = Counter()
    shapes = (Shape(), Shape(8, 12, 7), Shape(instants=5, open_rate=0.3), Shape(8, 20, 3))
    for index in range(count):
        history = random_history(random, draw, specification, answer, shapes[index % 4])
        ops = judged(history, specification)
        is_legal = legal_order(ops, specification) is not None
        match order_of(ops):
            case None:
                seen["left"] += 1
            case Clash(operations, reason):
                seen["clash"] += 1
                assert reason
                assert not is_legal, history
                distinct = {op.id: op for op in operations}.values()
                assert legal_order(tuple(distinct), specification) is None, history
            case order:
                seen["order"] += 1
                assert is_legal, history
                assert not witness_fault(ops, [op.id for op in order], specification), history
    return seen


def _chains(count: int, *, seed: int) -> Counter[str]:
    return _compare(
        lambda ops: order_chains(ops, 0),
        CasRegister(0),
        _draw_swap,
        _answer_swap,
        count=count,
        seed=seed,
    )


def _lists(count: int, *, seed: int) -> Counter[str]:
    return _compare(order_lists, AppendList(), _draw_list, _answer_list, count=count, seed=seed)


def _texts(count: int, *, seed: int) -> Counter[str]:
    return _compare(order_texts, Text(), _draw_text, _answer_text, count=count, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("compare", [_chains, _lists, _texts])
@pytest.mark.parametrize("count", by_day(1_500, 3_000))
def test_blocks_agree_with_exhaustive_search(
    compare: Callable[..., Counter[str]], count: int
) -> None:
    """An order is one, a clash has none by itself, and few histories are left to the search."""
    seen = compare(count, seed=1)
    assert min(seen["order"], seen["clash"]) > count // 20, seen
    assert seen["left"] < count // 11, seen


@pytest.mark.nightly
@pytest.mark.parametrize("compare", [_chains, _lists, _texts])
def test_blocks_agree_with_exhaustive_search_on_many_histories(
    compare: Callable[..., Counter[str]],
) -> None:
    """The same law on ten times as many."""
    assert min(compare(100_000, seed=2).values()) > 500


def swap(
    name: str, client: str, change: tuple[int, int], answer: bool, called: float, returned: float
) -> Operation:
    return call(name, client, "cas", change, answer, called, returned)


def test_a_chain_of_swaps_stays_together() -> None:
    history = [
        write("o1", "c1", 1, 0, 1),
        swap("o2", "c2", (1, 2), True, 2, 3),
        swap("o3", "c3", (2, 3), True, 2, 9),
        read("o4", "c4", 3, 4, 5),
    ]
    verdict = check_linearizability(history, CasRegister(0))
    assert verdict.witness == ("o1", "o2", "o3", "o4")
    back = [*history, read("o5", "c4", 2, 6, 7)]
    assert (
        check_linearizability(back, CasRegister(0)).summary
        == "c4 read 2 after it had already read 3"
    )


def test_one_value_is_replaced_once() -> None:
    history = [
        write("o1", "c1", 1, 0, 1),
        swap("o2", "c2", (1, 2), True, 2, 9),
        swap("o3", "c3", (1, 3), True, 2, 9),
    ]
    verdict = check_linearizability(history, CasRegister(0))
    assert verdict.is_broken
    assert set(verdict.culprits) == {"o2", "o3"}


def test_a_swap_without_an_answer_counts_only_if_somebody_saw_it() -> None:
    history = [write("o1", "c1", 1, 0, 1), swap("o2", "c2", (1, 2), True, 2, OPEN)]
    unseen = [*history, read("o3", "c3", 1, 3, 4)]
    assert "o2" not in check_linearizability(unseen, CasRegister(0)).witness
    seen = [*unseen, read("o4", "c3", 2, 5, 6)]
    assert check_linearizability(seen, CasRegister(0)).witness == ("o1", "o3", "o2", "o4")


def test_a_failed_swap_needs_an_instant_with_another_value() -> None:
    history = [write("o1", "c1", 1, 0, 5), read("o2", "c2", 1, 1, 2)]
    early = [*history, swap("o3", "c3", (1, 2), False, 0, 9)]
    assert check_linearizability(early, CasRegister(0)).witness == ("o3", "o1", "o2")
    late = [*history, swap("o3", "c3", (1, 2), False, 3, 9)]
    assert check_linearizability(late, CasRegister(0)).is_broken


def test_a_text_is_a_list_where_it_can_be_taken_apart_in_one_way() -> None:
    appends = [call(f"o{i}", f"c{i}", "append", text, None, 0, 9) for i, text in enumerate("ab")]
    reads = [call("o2", "c2", "get", None, "ba", 1, 8), call("o3", "c3", "get", None, "b", 1, 8)]
    assert check_linearizability([*appends, *reads], Text()).witness == ("o1", "o3", "o0", "o2")
    two_ways = [*appends, *reads, call("o4", "c4", "append", "ba", None, 0, 9)]
    assert order_texts(two_ways) is None


def test_of_two_equal_appends_either_may_be_the_one_that_was_read() -> None:
    once = [call("o1", "c1", "append", "a", None, 0, 1), call("o2", "c2", "get", None, "a", 2, 3)]
    again = [*once, call("o3", "c1", "append", "a", None, 4, 5)]
    seen = [*again, call("o4", "c2", "get", None, "aa", 6, 7)]
    assert check_linearizability(seen, Text()).witness == ("o1", "o2", "o3", "o4")
    lost = [*again, call("o4", "c2", "get", None, "a", 6, 7)]
    assert isinstance(order_texts(lost), Clash)
    assert check_linearizability(lost, Text()).culprits == ("o2", "o3", "o4")


def _reading(name: str, elements: tuple[int, ...], called: float, returned: float) -> Operation:
    return call(name, name, "read", None, elements, called, returned)


def test_reads_of_a_list_are_beginnings_of_each_other() -> None:
    appends = [call(f"o{i}", f"c{i}", "append", i, None, 0, 9) for i in (1, 2)]
    good = [*appends, _reading("o3", (1,), 1, 8), _reading("o4", (1, 2), 1, 8)]
    assert check_linearizability(good, AppendList()).witness == ("o1", "o3", "o2", "o4")
    bad = [*appends, _reading("o3", (2,), 1, 8), _reading("o4", (1, 2), 1, 8)]
    verdict = check_linearizability(bad, AppendList())
    assert verdict.is_broken
    assert set(verdict.culprits) == {"o3", "o4"}


def test_an_element_that_a_later_read_lacks_was_lost() -> None:
    history = [call("o1", "c1", "append", 1, None, 0, 1), _reading("o2", (), 2, 3)]
    assert (
        check_linearizability(history, AppendList()).summary
        == "o2 read () although append(1) by c1 had completed"
    )
