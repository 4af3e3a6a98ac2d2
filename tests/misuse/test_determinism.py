"""A handler that is no function of its arguments ends every search, with step, node and both answers."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.harness.cli import main
from counterpoint.model.determinism import EVERY, OFTEN, TIMES, AskedAgain, NotDeterministic, copied
from counterpoint.model.node import Input, Invoke, Receive, Return, Send, Step
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import canonical
from tests.misuse.searches import SEARCHES, in_searches
from tests.misuse.systems import Echo, asking


@dataclass(frozen=True)
class Cell:
    """A frozen state, which somebody changes all the same."""

    count: int = 0


def by_chance(state: int, body: str) -> Step[int]:
    return Step(state, (Send("c", f"{body} {random.randrange(10**9)}"),))


def by_the_clock(state: int, body: str) -> Step[int]:
    del state
    return Step(time.time_ns(), (Send("c", body),))


def by_a_counter(state: int, body: str) -> Step[int]:
    return Step(state, (Send("c", f"{body} {next(COUNTER) % 7 // 2}"),))


COUNTER = itertools.count()


def now_and_then(state: int, body: str) -> Step[int]:
    if next(COUNTER) % 2:
        raise LookupError(body)
    return Step(state + 1, (Send("c", body),))


def in_place(state: Cell, body: str) -> Step[Cell]:
    object.__setattr__(state, "count", state.count + 1)
    return Step(state, (Send("c", body),))


def in_the_order_of_a_set(state: Any, body: str) -> Step[Any]:
    # These numbers have their places in the table of a set in common, so that who came first counts.
    return Step(frozenset({0, 8, 16}), (Send("c", body), *(Send("s", e) for e in state or ())))


WRONG = [
    pytest.param(Echo(by_a_counter), "answered Step(state=0, effects=(Send(to='c'", id="counter"),
    pytest.param(Echo(by_chance), "answered Step(state=0, effects=(", id="chance"),
    pytest.param(Echo(by_the_clock), "answered Step(state=", id="clock"),
    pytest.param(Echo(now_and_then), "an exception, LookupError: p", id="raises now and then"),
    pytest.param(
        Echo(in_place, state=Cell()),
        "changed its state in place, from Cell(count=",
        id="in place",
    ),
    pytest.param(Echo(in_the_order_of_a_set, state=None), "asked again, Step(", id="set"),
]


@pytest.mark.parametrize(("system", "words", "search"), in_searches(WRONG))
def test_every_search_ends_with_the_two_answers(system: Echo, words: str, search: str) -> None:
    with pytest.raises(NotDeterministic) as found:
        SEARCHES[search](asking(system))
    text = str(found.value)
    assert text.startswith(("not deterministic: at step 1, ", "not deterministic: at step 4, "))
    assert words in text
    assert ", s on receive(c, p" in text
    assert "(test_determinism.py:" in text or "(systems.py:" in text
    assert "\n" not in text


class Fickle(Echo):
    """Each time another beginning."""

    def initial(self, node: str) -> Any:
        del node
        return next(COUNTER)


def test_a_beginning_that_is_another_one_each_time_is_told() -> None:
    with pytest.raises(
        NotDeterministic, match=r"initial\('c'\) returned \d+ and, asked again, \d+"
    ):
        SEARCHES["walks"](asking(Fickle()))


def fickle() -> Scenario:
    return asking(Echo(by_chance))


@pytest.mark.parametrize("how", [("fuzz", "--runs", "5"), ("explore",)])
def test_a_command_ends_with_exit_code_2(how: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [how[0], f"{__name__}:fickle", *how[1:]])
    assert done.exit_code == 2
    assert done.stderr.startswith("counterpoint: not deterministic: at step ")


class Late(Echo):
    """Answers otherwise after a while: what it was asked before is asked again."""

    def handle(self, node: str, state: Any, given: Input) -> Any:
        match given:
            case Invoke(operation):
                return Step(state, (Send("s", operation),))
            case Receive("c", body):
                return Step(state, (Send("c", body if next(LATER) < 30 else "late"),))
            case Receive("s"):
                return Step(state + 1, (Return("done"),))
        del node
        return Step(state)


LATER = itertools.count()


@pytest.mark.slow
def test_what_was_answered_before_is_asked_again_later() -> None:
    from counterpoint.model.search.walks.campaign import Budgets, Campaign

    campaign = Campaign(asking(Late()))
    with pytest.raises(NotDeterministic, match="'late'"):
        for _ in campaign.search(Budgets(runs=3_000)):
            pass


def test_only_some_reactions_are_asked_for_again() -> None:
    asked: list[Input] = []

    class Counting(Echo):
        """Tells how often it is asked."""

        def handle(self, node: str, state: Any, given: Input) -> Any:
            asked.append(given)
            return super().handle(node, state, given)

    system = AskedAgain(Counting())
    for number in range(OFTEN):
        system.handle("c", number, Invoke("a"))
    assert len(asked) == (1 + TIMES) * OFTEN
    for number in range(10 * EVERY):
        system.handle("c", number, Invoke("a"))
    assert len(asked) == (1 + TIMES) * OFTEN + 10 * EVERY + 10


class Pair(NamedTuple):
    """A named tuple."""

    one: object
    other: object


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.tuples(inner, inner)
        | st.frozensets(inner, max_size=4)
        | st.builds(Pair, inner, inner)
        | st.builds(Return, inner)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(values)
def test_a_copy_is_equal_and_has_the_same_canonical_form(value: object) -> None:
    assert copied(value) == value
    assert canonical(copied(value)) == canonical(value)
