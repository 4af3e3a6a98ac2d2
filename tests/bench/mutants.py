"""How soon each strategy finds each wrong variant: `make bench-mutants`.

A figure is the number of runs to the first that breaks something, and the CPU seconds that they took,
compiling included: the median of some seeds, and the worst. What is not found within the limits
counts as the limit. CPU seconds of this process are told, so that it matters little what else the
machine does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import cast, get_args

import click

from counterpoint.harness.catalog import entry
from counterpoint.harness.named_systems import SYSTEMS
from counterpoint.harness.only import only_claim
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.strategy import StrategyName
from tests.gallery.test_gallery import DIES_OF


@dataclass(frozen=True)
class MutantHunt:
    """One search for one mutant: whether it was found, after how many runs and CPU seconds."""

    mutant: str
    strategy: str
    seed: int
    is_found: bool
    runs: int
    seconds: float


def mutants() -> Iterator[tuple[str, Callable[[], Scenario]]]:
    """Yield every wrong variant of the catalog and of the gallery, by name."""
    for system in SYSTEMS:
        for name in entry(system).mutants:
            yield f"{system}:{name}", partial(entry(system).scenario, mutant=name)
    for protocol, variants in DIES_OF.items():
        for variant, claim in variants.items():
            make = import_module(f"docs.gallery.{protocol}").scenario
            yield f"{protocol}:{variant}", partial(_claimed, make, variant, claim)


def _claimed(make: Callable[[str], Scenario], variant: str, claim: str) -> Scenario:
    return only_claim(make(variant), claim)


def hunt(
    name: str,
    scenario: Scenario,
    strategy: StrategyName,
    seed: int,
    *,
    runs_max: int,
    seconds_max: float,
) -> MutantHunt:
    """Search for a mutant once."""
    started = time.process_time()
    campaign = Campaign(scenario, strategy=strategy, seed=seed, findings_max=1)
    for _ in campaign.search(Budgets(runs=runs_max), every_seconds=0.01):
        if campaign.findings or time.process_time() - started > seconds_max:
            break
    seconds = time.process_time() - started
    return MutantHunt(
        name, strategy, seed, bool(campaign.findings), campaign.progress.runs, seconds
    )


# ---- what they come to ---------------------------------------------------------------------------


def mix_seconds(hunts: Mapping[str, MutantHunt], mix: Sequence[str]) -> float:
    """Return what a search takes that makes its runs by some strategies in turn.

    The one that finds the mutant first in such turns ends it: each has had as many runs as that one.
    """
    found = [hunts[name] for name in mix if hunts[name].is_found]
    if not found:
        return sum(hunts[name].seconds for name in mix)
    turns = min(one.runs for one in found)
    return sum(turns * hunts[name].seconds / max(hunts[name].runs, 1) for name in mix)


def rows(hunts: Sequence[MutantHunt], strategies: Sequence[str]) -> Iterator[str]:
    """Yield a table of Markdown: for each mutant and strategy, median and worst CPU seconds."""
    yield f"| mutant | {' | '.join(strategies)} |"
    yield f"|---|{'---|' * len(strategies)}"
    for name in dict.fromkeys(one.mutant for one in hunts):
        cells = []
        for strategy in strategies:
            ours = [one for one in hunts if (one.mutant, one.strategy) == (name, strategy)]
            lost = sum(not one.is_found for one in ours)
            runs = f"{median(one.runs for one in ours):.0f} / {max(one.runs for one in ours)}"
            seconds = f"{median(o.seconds for o in ours):.2f} / {max(o.seconds for o in ours):.2f}"
            cells.append(f"{runs}, {seconds} s" + (f", {lost} lost" if lost else ""))
        yield f"| {name} | {' | '.join(cells)} |"


def mixes(hunts: Sequence[MutantHunt], candidates: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield for each mix the CPU seconds for all mutants, and for the slowest tenth, per seed."""
    by_case: dict[tuple[str, int], dict[str, MutantHunt]] = {}
    for one in hunts:
        by_case.setdefault((one.mutant, one.seed), {})[one.strategy] = one
    for mix in candidates:
        taken = sorted(mix_seconds(case, mix) for case in by_case.values())
        tenth = taken[-max(len(taken) // 10, 1) :]
        lost = sum(not any(case[name].is_found for name in mix) for case in by_case.values())
        yield (
            f"{'+'.join(mix):24} all {sum(taken):7.1f} s, slowest tenth {sum(tenth):7.1f} s, "
            f"median {median(taken):.3f} s, lost {lost} of {len(taken)}"
        )


MIXES = ("mixed", "wide")
"""Strategies whose figures follow from those of others."""

CANDIDATES = (
    *(("uniform",), ("swarm",), ("pct",), ("deep",), ("pos",), ("swarm", "pct")),
    *(("deep", "pos"), ("pct", "pos"), ("swarm", "deep", "pos"), ("uniform", "deep", "pos")),
    ("uniform", "swarm", "deep", "pos"),
)
"""Mixes whose figures are told; the sixth is `mixed`, the last is `wide`."""


@click.command()
@click.option("--seeds", type=int, default=10, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="The first of the seeds.")
@click.option("--runs", "runs_max", type=int, default=20_000, show_default=True)
@click.option("--seconds", "seconds_max", type=float, default=60.0, show_default=True)
@click.option("--only", default="", help="Mutants whose name contains this.")
@click.option("--strategy", "strategies", multiple=True, help="All but mixed, if none is named.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/mutants.jsonl"))
def main(
    seeds: int,
    first: int,
    runs_max: int,
    seconds_max: float,
    only: str,
    strategies: tuple[str, ...],
    out: Path,
) -> None:
    """Hunt every mutant with every strategy, and print what each takes."""
    named = strategies or tuple(name for name in get_args(StrategyName) if name not in MIXES)
    out.parent.mkdir(parents=True, exist_ok=True)
    hunts: list[MutantHunt] = []
    with out.open("w") as file:
        for name, build in mutants():
            if only not in name:
                continue
            for seed in range(first, first + seeds):
                for strategy in named:
                    one = hunt(
                        name,
                        build(),
                        cast("StrategyName", strategy),
                        seed,
                        runs_max=runs_max,
                        seconds_max=seconds_max,
                    )
                    hunts.append(one)
                    file.write(json.dumps(asdict(one)) + "\n")
                    file.flush()
    for line in rows(hunts, named):
        click.echo(line)
    known = [mix for mix in CANDIDATES if set(mix) <= set(named)]
    for line in mixes(hunts, known):
        click.echo(line)


if __name__ == "__main__":
    main()
