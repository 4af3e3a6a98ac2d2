"""How soon each strategy finds each wrong variant: `make bench-mutants`.

A figure is the number of runs to the first that breaks something, and the CPU seconds that they took,
compiling included: the median of some seeds, and the worst. What is not found within the limits
counts as the limit. CPU seconds of this process are told, so that it matters little what else the
machine does. The results are kept in `mutants.json`, and told on a page that is written from it:
`ARGS="--page"` writes it anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import combinations, product
from pathlib import Path
from statistics import median
from typing import cast, get_args

import click
import hypothesis

from counterpoint.harness.catalog import entry
from counterpoint.harness.named_systems import SYSTEMS
from counterpoint.harness.only import only_claim
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.stateful.bench import Bench, TimeIsUp
from counterpoint.model.search.stateful.bridge import check, default_settings
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.strategy import DEFAULT, MIX, StrategyName
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
    seed: int,
    *,
    strategy: StrategyName,
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


class _Found(BaseException):
    """A run of a state machine broke something: nothing more is asked of it."""


@dataclass
class _FirstFailure(Bench):
    """What the runs of a state machine share, until one fails, or this process has taken too long."""

    process_seconds: float = float("inf")

    def require_time(self) -> None:
        """Let a run begin.

        Raises:
            TimeIsUp: it is too late for that, by the time of this process and not of the clock.
        """
        if time.process_time() > self.process_seconds:
            self.is_cut_short = True
            raise TimeIsUp

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "has_failed" and value:
            raise _Found


def hunt_by_machine(
    name: str, scenario: Scenario, seed: int, *, runs_max: int, seconds_max: float
) -> MutantHunt:
    """Search for a mutant once with the state machine of Hypothesis, as pytest runs it."""
    started = time.process_time()
    machine = hypothesis.seed(seed)(state_machine_for(scenario))
    bench = _FirstFailure(scenario, process_seconds=started + seconds_max)
    machine.bench = bench
    phases = (hypothesis.Phase.generate,)
    chosen = hypothesis.settings(
        default_settings(scenario), max_examples=runs_max, database=None, phases=phases
    )
    is_found = False
    try:
        check(machine, chosen)
    except _Found:
        is_found = True
    seconds = time.process_time() - started
    runs = bench.tally.runs + is_found
    return MutantHunt(name, MACHINE, seed, is_found, runs, seconds)


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
    """Yield a table of Markdown: for each mutant and strategy, median and worst runs and CPU seconds."""
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


def sums(hunts: Sequence[MutantHunt], strategies: Sequence[str]) -> Iterator[str]:
    """Yield a table of Markdown: what all hunts of each strategy take, and the slowest tenth."""
    yield "| strategy | all hunts | slowest tenth | median | not found |"
    yield "|---|---|---|---|---|"
    for strategy in strategies:
        ours = [one for one in hunts if one.strategy == strategy]
        taken = sorted(one.seconds for one in ours)
        tenth = sum(taken[-max(len(taken) // 10, 1) :])
        lost = sum(not one.is_found for one in ours)
        yield (
            f"| `{strategy}` | {sum(taken):.1f} s | {tenth:.1f} s | {median(taken):.3f} s "
            f"| {lost} of {len(ours)} |"
        )


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


MACHINE = "state machine"
"""The column of Hypothesis's state machine, which draws one step after the other."""

COLUMNS = (*MIX, DEFAULT, MACHINE)
"""What is measured if nothing is named."""

CANDIDATES = tuple(mix for size in (1, 2, 3, 4) for mix in combinations(MIX, size))
"""Mixes whose figures follow from those of their parts; the last is what `mixed` draws from."""

RESULTS = Path(__file__).with_name("mutants.json")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "strategies.md"
MARKS = ("<!-- written by make bench-mutants -->", "<!-- to here -->")


def saved(hunts: Sequence[MutantHunt]) -> str:
    """Return hunts as JSON, a line for each mutant and strategy.

    >>> saved([MutantHunt("a:1", "pos", 3, True, 7, 0.251)])
    '[\\n["a:1", "pos", [[3, 1, 7, 0.251]]]\\n]\\n'
    """
    lines: dict[tuple[str, str], list[object]] = {}
    for one in hunts:
        found = lines.setdefault((one.mutant, one.strategy), [])
        found.append([one.seed, int(one.is_found), one.runs, round(one.seconds, 3)])
    return "[\n" + ",\n".join(json.dumps([*key, some]) for key, some in lines.items()) + "\n]\n"


def loaded(text: str) -> list[MutantHunt]:
    """Return hunts that were saved.

    >>> loaded(saved([MutantHunt("a:1", "pos", 3, True, 7, 0.251)]))
    [MutantHunt(mutant='a:1', strategy='pos', seed=3, is_found=True, runs=7, seconds=0.251)]
    """
    return [
        MutantHunt(mutant, strategy, seed, bool(is_found), runs, seconds)
        for mutant, strategy, some in json.loads(text)
        for seed, is_found, runs, seconds in some
    ]


def written(page: str, hunts: Sequence[MutantHunt]) -> str:
    """Return the page with the tables that these hunts come to between its two marks."""
    columns = list(dict.fromkeys(one.strategy for one in hunts))
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    tables = "\n".join((*sums(hunts, columns), "", *rows(hunts, columns)))
    return f"{before}{MARKS[0]}\n\n{tables}\n\n{MARKS[1]}{after}"


@click.command()
@click.option("--seeds", type=int, default=3, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="The first of the seeds.")
@click.option("--runs", "runs_max", type=int, default=20_000, show_default=True)
@click.option("--seconds", "seconds_max", type=float, default=20.0, show_default=True)
@click.option("--only", default="", help="Mutants whose name contains this.")
@click.option("--strategy", "strategies", multiple=True, help="All, if none is named.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/mutants.json"))
@click.option(
    "--page", "is_page", is_flag=True, help="Write the page from the results that are kept."
)
def main(
    seeds: int,
    first: int,
    runs_max: int,
    seconds_max: float,
    only: str,
    strategies: tuple[str, ...],
    out: Path,
    is_page: bool,
) -> None:
    """Hunt every mutant with every strategy, and print what each takes."""
    if is_page:
        PAGE.write_text(written(PAGE.read_text(), loaded(RESULTS.read_text())))
        return
    named = strategies or COLUMNS
    out.parent.mkdir(parents=True, exist_ok=True)
    hunts: list[MutantHunt] = []
    wanted = [(name, build) for name, build in mutants() if only in name]
    for seed, (name, build), strategy in product(range(first, first + seeds), wanted, named):
        by = hunt_by_machine if strategy == MACHINE else partial(hunt, strategy=_known(strategy))
        hunts.append(by(name, build(), seed=seed, runs_max=runs_max, seconds_max=seconds_max))
        out.write_text(saved(hunts))
    for line in (*sums(hunts, named), "", *rows(hunts, named)):
        click.echo(line)
    for line in mixes(hunts, [mix for mix in CANDIDATES if set(mix) <= set(named)]):
        click.echo(line)


def _known(strategy: str) -> StrategyName:
    if strategy not in get_args(StrategyName):
        raise click.BadParameter(f"{strategy!r} is none of {', '.join(COLUMNS)}")
    return cast("StrategyName", strategy)


if __name__ == "__main__":
    main()
