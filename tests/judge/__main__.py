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


def system(seed: int, number: int) -> Drawn:
    """Return one system of a seed."""
    return drawn(Random(seed * 1_000_003 + number))


def judged(seed: int, numbers: Iterable[int]) -> list[Judged]:
    """Judge these systems of a seed."""
    return [_judged(seed, number) for number in numbers]


def _judged(seed: int, number: int) -> Judged:
    one = system(seed, number)
    case = Case(one)
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
    path = folder / f"{slug}.json"
    search = searches_of(disagreement.search)
    about = disagreements(Case(one), seed, search)[0].what[:300]
    head = {"search": disagreement.search, "about": about, "seed": seed}
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in head.items())
    body = told(one).replace("\n", "\n ")
    path.write_text(f'{{\n{lines},\n "system": {body}\n}}\n', encoding="utf-8")
    return path


def _batches(seed: int, numbers: range, workers: int) -> Iterator[list[Judged]]:
    batches = [numbers[k : k + BATCH] for k in range(0, len(numbers), BATCH)]
    if workers == 1:
        yield from map(partial(judged, seed), batches)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(partial(judged, seed), batches)


def main() -> int:
    """Judge, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.judge", description=__doc__)
    parser.add_argument("--systems", type=int, default=1_000, help="how many systems")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seed", type=int, default=0, help="the systems of another seed differ")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--cases", type=Path, default=CASES, help="where cases go")
    parser.add_argument("--show", action="store_true", help="print the first system, and judge it")
    chosen = parser.parse_args()
    if chosen.show:
        print(told(system(chosen.seed, chosen.first)))
        for each in _judged(chosen.seed, chosen.first).otherwise:
            print(f"{each.search}: {each.what}")
        return 0
    numbers = range(chosen.first, chosen.first + chosen.systems)
    return 1 if _run(chosen.seed, numbers, chosen.workers, chosen.cases) else 0


def _run(seed: int, numbers: range, workers: int, folder: Path) -> Counter[str]:
    started = told_at = monotonic()
    kinds, about, done = Counter[str](), Counter[str](), 0
    for batch in _batches(seed, numbers, workers):
        done += len(batch)
        for each in batch:
            about.update((*each.about, *(["known disagreements"] * each.known)))
            for disagreement in each.otherwise:
                kinds[disagreement.kind] += 1
                if kinds[disagreement.kind] == 1:
                    _first(seed, each.number, disagreement, folder)
        if monotonic() - told_at > EVERY_SECONDS or done == len(numbers):
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


def _first(seed: int, number: int, disagreement: Disagreement, folder: Path) -> None:
    print(f"system {number}, {disagreement.search}: {disagreement.what[:200]}", flush=True)
    small = smallest(system(seed, number), number, disagreement)
    path = keep(small, number, disagreement, folder)
    print(f"  {len(small.rules)} rules of {len(small.nodes)} nodes: {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
