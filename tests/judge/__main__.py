"""Judge random systems, and keep what is found: python -m tests.judge --systems 20000 --seed 1.

It prints how far it is, and each kind of disagreement when it first meets it. The system is minimised
and written to tests/judge/cases, where the tests find it. The exit code is 1 if there was any. What
`known` excuses is counted, and no more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic

from tests.judge.comparing import Disagreement, disagreements, searches_of
from tests.judge.drawing import drawn
from tests.judge.knowledge import STATES_MAX, Case
from tests.judge.known import news
from tests.judge.minimising import minimised
from tests.judge.systems import CASES, Drawn, told

BATCH = 20
EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One system: its number, what the searches say otherwise, and what the twin found of it."""

    number: int
    otherwise: tuple[Disagreement, ...]
    known: int
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for."""

    seed: int
    numbers: range
    states_max: int
    workers: int
    folder: Path


def system(seed: int, number: int) -> Drawn:
    """Return one system of a seed."""
    return drawn(Random(seed * 1_000_003 + number))


def judged(seed: int, states_max: int, numbers: Iterable[int]) -> list[Judged]:
    """Judge these systems of a seed."""
    return [_judged(seed, states_max, number) for number in numbers]


def _judged(seed: int, states_max: int, number: int) -> Judged:
    one = system(seed, number)
    case = Case(one, states_max)
    found = disagreements(case, number)
    fresh = news(one, found)
    return Judged(number, tuple(fresh), len(found) - len(fresh), case.about)


def smallest(
    one: Drawn, seed: int, disagreement: Disagreement, states_max: int = STATES_MAX
) -> Drawn:
    """Return a minimal system on which one search disagrees in the same way."""
    search = searches_of(disagreement.search)

    def fails(smaller: Drawn) -> bool:
        found = disagreements(Case(smaller, states_max), seed, search)
        return disagreement.kind in {each.kind for each in found}

    return minimised(one, fails)


def keep(one: Drawn, seed: int, disagreement: Disagreement, folder: Path) -> Path:
    """Write a case, and return where it is."""
    slug = "-".join(re.findall(r"\w+", disagreement.kind.lower()))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug}.json"
    search = searches_of(disagreement.search)
    about = disagreements(Case(one), seed, search)[0].what[:300]
    head = {"search": disagreement.search, "about": about, "seed": seed}
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in head.items())
    body = told(one).replace("\n", "\n ")
    path.write_text(f'{{\n{lines},\n "system": {body}\n}}\n', encoding="utf-8")
    return path


def _batches(chosen: Chosen) -> Iterator[list[Judged]]:
    numbers, judge = chosen.numbers, partial(judged, chosen.seed, chosen.states_max)
    batches = [numbers[k : k + BATCH] for k in range(0, len(numbers), BATCH)]
    if chosen.workers == 1:
        yield from map(judge, batches)
        return
    with ProcessPoolExecutor(chosen.workers) as pool:
        yield from pool.map(judge, batches)


def main() -> int:
    """Judge, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.judge", description=__doc__)
    parser.add_argument("--systems", type=int, default=1_000, help="how many systems")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seed", type=int, default=0, help="the systems of another seed differ")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--states", type=int, default=STATES_MAX, help="of each, at most so many")
    parser.add_argument("--cases", type=Path, default=CASES, help="where cases go")
    parser.add_argument("--show", action="store_true", help="print the first system, and judge it")
    chosen = parser.parse_args()
    if chosen.show:
        print(told(system(chosen.seed, chosen.first)))
        for each in _judged(chosen.seed, chosen.states, chosen.first).otherwise:
            print(f"{each.search}: {each.what}")
        return 0
    numbers = range(chosen.first, chosen.first + chosen.systems)
    run = Chosen(chosen.seed, numbers, chosen.states, chosen.workers, chosen.cases)
    return 1 if _run(run) else 0


def _run(chosen: Chosen) -> Counter[str]:
    started = told_at = monotonic()
    kinds, about, done = Counter[str](), Counter[str](), 0
    for batch in _batches(chosen):
        done += len(batch)
        for each in batch:
            about.update((*each.about, *(["known disagreements"] * each.known)))
            for disagreement in each.otherwise:
                kinds[disagreement.kind] += 1
                if kinds[disagreement.kind] == 1:
                    _first(chosen, each.number, disagreement)
        if monotonic() - told_at > EVERY_SECONDS or done == len(chosen.numbers):
            told_at = monotonic()
            print(f"{done:,} systems in {told_at - started:,.0f} s: {_words(kinds)}", flush=True)
    print(", ".join(f"{count:,} {word}" for word, count in about.most_common()))
    for kind, count in kinds.most_common():
        print(f"{count:6,} {kind}")
    return kinds


def _words(kinds: Counter[str]) -> str:
    if not kinds:
        return "no search disagrees with the twin"
    return f"{kinds.total():,} disagreements of {len(kinds)} kinds"


def _first(chosen: Chosen, number: int, disagreement: Disagreement) -> None:
    print(f"system {number}, {disagreement.search}: {disagreement.what[:200]}", flush=True)
    one = system(chosen.seed, number)
    small = smallest(one, number, disagreement, chosen.states_max)
    path = keep(small, number, disagreement, chosen.folder)
    print(f"  {len(small.rules)} rules of {len(small.nodes)} nodes: {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
