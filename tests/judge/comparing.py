"""The comparison: what every search says of a system, against the stupid twin.

Each way of searching is one function that yields sentences about what it says otherwise. An
exception of ours, wherever it comes from, is a disagreement, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from counterpoint.harness.exploration.rounds import ExploreOptions
from counterpoint.model.mistakes import BadScenario
from tests.judge import explorations, runs
from tests.judge.knowledge import Case, Says

Search: TypeAlias = Callable[[Case, int], Says]
"""A way of searching, given a system and a number from which it takes its chance."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A search that says otherwise than the twin, and what it says."""

    search: str
    what: str

    @property
    def kind(self) -> str:
        """What disagreements of one cause have in common: the search, and the sentence up to ':'."""
        words = self.what.split(":")[0].split()
        return " ".join((f"{self.search}:", *(w for w in words if not w.isdigit())))


PLAIN, NUMPY = ExploreOptions(engine="plain"), ExploreOptions(engine="numpy")

SEARCHES: Mapping[str, Search] = {
    "plain keep": lambda case, _: explorations.verdict_of(case, PLAIN, "keep"),
    "plain keep states": lambda case, _: explorations.states_of(case, PLAIN, "keep"),
    "plain consume": lambda case, _: explorations.verdict_of(case, PLAIN, "consume"),
    "plain consume states": lambda case, _: explorations.states_of(case, PLAIN, "consume"),
    "plain forget": lambda case, _: explorations.forget(case, PLAIN),
    "numpy keep": lambda case, _: explorations.verdict_of(case, NUMPY, "keep"),
    "numpy keep states": lambda case, _: explorations.states_of(case, NUMPY, "keep"),
    "numpy consume": lambda case, _: explorations.verdict_of(case, NUMPY, "consume"),
    "numpy forget": lambda case, _: explorations.forget(case, NUMPY),
    "numpy in chunks": runs.one_in(20, 0, lambda case, _: explorations.Chunks(case).say()),
    "histories": lambda case, _: explorations.with_histories(case),
    "lossy": runs.one_in(20, 1, lambda case, _: explorations.lossy(case)),
    "rounds": lambda case, _: explorations.rounds(case),
    "symmetry": lambda case, _: explorations.symmetry(case),
    "dpor": lambda case, _: explorations.dpor(case),
    "liveness": lambda case, _: explorations.endings(case),
    "steps": runs.steps,
    "illegal": runs.illegal,
    "leniently": runs.leniently,
    "machine": runs.one_in(20, 2, runs.machine),
    "mixed": partial(runs.walks, strategy="mixed"),
    "uniform": runs.one_in(3, 0, partial(runs.walks, strategy="uniform")),
    "swarm": runs.one_in(3, 1, partial(runs.walks, strategy="swarm")),
    "pct": runs.one_in(3, 2, partial(runs.walks, strategy="pct")),
    "hypothesis": runs.one_in(20, 3, partial(runs.walks, strategy="hypothesis")),
}
"""Every way of searching, by name."""


def searches_of(*names: str) -> Mapping[str, Search]:
    """Return some of the searches."""
    return {name: SEARCHES[name] for name in names}


def disagreements(
    case: Case, seed: int = 0, searches: Mapping[str, Search] = SEARCHES
) -> list[Disagreement]:
    """Return what the searches say of a system otherwise than the twin."""
    found = list[Disagreement]()
    for name, says in searches.items():
        try:
            said = list(says(case, seed))
        except BadScenario as error:
            said = [] if case.fails_to_start else [f"BadScenario: {error}"]
        except Exception as error:  # whatever it is, it is ours: a handler's failure is a verdict
            said = [f"{type(error).__name__}: {error}"]
        found += [Disagreement(name, what) for what in said]
    return found
