"""What a glance says counts as a ruling, is compared with the check, and may be nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest

from counterpoint.model.claims import Property
from counterpoint.model.glance import Look
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled, EnginesDisagree
from counterpoint.model.search.judgements import Ruling
from counterpoint.model.search.walks.examine import ASK_CHECKS_EVERY, Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from tests.support.echo import echo

RUNS = ASK_CHECKS_EVERY + 2


@dataclass(frozen=True)
class Says:
    """A glance that names these properties of every run, or raises."""

    names: tuple[str, ...] = ()
    raises: bool = False

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search."""
        del observations

        def look(seen: Sequence[int]) -> frozenset[str]:
            if self.raises:
                raise ValueError(f"what is {seen}?")
            return frozenset(self.names)

        return look


def asked_and_told(glance: Says, *, is_right: bool = True) -> tuple[int, list[tuple[Ruling, ...]]]:
    """Return how often the check of the one property is asked in some runs, and what is said of them."""
    asked = 0

    def check(trace: Trace) -> bool:
        nonlocal asked
        asked += 1
        return is_right or len(trace.events) < 4

    claim = Property("silence", check, glance=glance)
    compiled = Compiled(echo().replace(properties=(claim,)))
    examiner = Examiner(compiled)
    examiner.judged.pays = False
    walks = [walk(compiled, Random(seed), "mixed") for seed in range(RUNS)]
    told = [examiner.rulings(walked.run, walked.failure) for walked in walks]
    return asked, told


def test_what_a_glance_names_holds_and_its_check_is_asked_now_and_then() -> None:
    asked, told = asked_and_told(Says(("silence", "of others")))
    assert set(told) == {(Ruling("silence", "holds"),)}
    assert asked == 2


@pytest.mark.parametrize("glance", [Says(), Says(("of others",)), Says(raises=True)])
def test_the_check_is_asked_of_what_a_glance_says_nothing_of(glance: Says) -> None:
    asked, told = asked_and_told(glance, is_right=False)
    assert asked == RUNS
    assert (Ruling("silence", "broken"),) in told


OUR_OWN = type("OurOwn", (Says,), {"__module__": "counterpoint.impl.register"})


@pytest.mark.parametrize(("kind", "mistake"), [(Says, BadScenario), (OUR_OWN, EnginesDisagree)])
def test_a_glance_that_misses_what_the_check_finds_ends_the_search(
    kind: type[Says], mistake: type[Exception]
) -> None:
    what = (
        "the glance of 'silence' says that it holds of a history, and its check that it is broken"
    )
    with pytest.raises(mistake, match=what):
        asked_and_told(kind(("silence",)), is_right=False)


def test_what_is_no_glance_is_refused() -> None:
    def looking() -> Scenario:
        return echo().replace(
            properties=(Property("silence", bool, glance=len),)  # type: ignore[arg-type]
        )

    with pytest.raises(BadScenario, match="has no `look`; a glance has look"):
        looking()


@dataclass(frozen=True)
class Begins:
    """A glance that begins a search with this, or raises."""

    look_of_it: object

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search."""
        if self.look_of_it is ValueError:
            raise ValueError(f"{len(observations)} observations")
        return self.look_of_it  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("look", "what"),
    [
        (ValueError, r"raised ValueError: \d+ observations \(test_glanced.py:"),
        (None, "returned None; `look` returns a function"),
        (lambda _: {"silence"}, r"says that \{'silence'\} holds; right would be a frozenset"),
        (lambda _: "silence", "says that 'silence' holds"),
        (lambda _: None, "says that None holds"),
    ],
)
def test_a_glance_that_gives_no_names_is_bad_input(look: object, what: str) -> None:
    claim = Property("silence", lambda _: True, glance=Begins(look))
    compiled = Compiled(echo().replace(properties=(claim,)))
    with pytest.raises(BadScenario, match=f"the glance of property 'silence' {what}"):
        Examiner(compiled).rulings(walk(compiled, Random(1), "mixed").run)
