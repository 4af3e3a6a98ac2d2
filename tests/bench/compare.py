"""Compare this checkout with another commit: `make bench-compare BASE=main~20 ARGS="walks start"`.

A machine is never as fast twice, so no figure of one day is compared with one of another. Both trees
are measured in one run, in turns, and the order of the two changes from round to round; what is told
is the ratio within a round: its median over the rounds, the least and the greatest.

Each tree is measured by its own measurements, which know its names; figures are matched by theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).resolve().parents[2]
Measured = Mapping[str, tuple[float, str]]
"""Value and unit of each figure, by its name."""

WHERE = "import counterpoint; print(counterpoint.__file__)"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both trees: how many times as good it is now, round by round, more being better."""

    name: str
    unit: str
    base: float
    now: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)

    @property
    def is_slower(self) -> bool:
        """Tell whether it is worse in every round, by a tenth or more in the median."""
        return max(self.ratios) < 1 and self.ratio <= 0.9

    def __str__(self) -> str:
        spread = f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"
        mark = "  worse" if self.is_slower else ""
        return (
            f"  {self.name:<52} {self.base:>12,.4g} {self.now:>12,.4g} {self.unit:<9} "
            f"{self.ratio:>6.2f}  {spread}{mark}"
        )


def gain(base: float, now: float, unit: str) -> float:
    """Return how many times as good a figure is now; of rates and ratios more is better.

    >>> gain(2.0, 1.0, "s"), gain(100.0, 150.0, "runs/s")
    (2.0, 1.5)
    """
    more_is_better = unit.endswith("/s") or unit == "times"
    return now / base if more_is_better else base / now


def compared(rounds: list[tuple[Measured, Measured]]) -> Iterator[Compared]:
    """Return the figures that both trees have in every round, in the order of the first."""
    for name, (_, unit) in rounds[0][1].items():
        pairs = [(base[name], now[name]) for base, now in rounds if name in base and name in now]
        values = [(b, n) for (b, of_base), (n, _) in pairs if of_base == unit and b > 0 and n > 0]
        if len(values) == len(rounds):
            ratios = tuple(gain(b, n, unit) for b, n in values)
            yield Compared(
                name, unit, median(b for b, _ in values), median(n for _, n in values), ratios
            )


def in_turns(
    base: Callable[[], Measured], now: Callable[[], Measured], rounds: int
) -> list[tuple[Measured, Measured]]:
    """Measure both so many times; who comes first changes, since the second meets a warm machine."""
    pairs = []
    for number in range(rounds):
        if number % 2 == 0:
            first = base()
            pairs.append((first, now()))
        else:
            last = now()
            pairs.append((base(), last))
    return pairs


def measured(tree: Path, names: tuple[str, ...], folder: Path) -> Measured:
    """Run the measurements of a tree in a process of its own, on the code of that tree."""
    target = folder / "figures.json"
    # Both trees keep their bytecode: a fresh one would else be translated again by every process.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
    place = _output([sys.executable, "-c", WHERE], tree, environment).strip()
    assert Path(place).is_relative_to(tree), f"{place} would be measured, not {tree}"
    command = [sys.executable, "-m", "tests.bench", *names, "--json", str(target)]
    _output(command, tree, environment)
    told = json.loads(target.read_text(encoding="utf-8"))
    return {f["name"]: (f["value"], f["unit"]) for figures in told.values() for f in figures}


def _output(command: list[str], tree: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise click.ClickException(f"in {tree}: {' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def tree_of(commit: str, root: Path) -> Iterator[Path]:
    """Check a commit out beside everything else, and remove it afterwards."""
    with TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "base"
        git = ("git", "-C", str(root), "worktree")
        done = subprocess.run(
            [*git, "add", "--quiet", "--detach", str(tree), commit],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise click.ClickException(f"{commit} cannot be checked out: {done.stderr.strip()}")
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@click.command()
@click.argument("base")
@click.argument("names", nargs=-1)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--root", type=click.Path(path_type=Path), default=ROOT, hidden=True)
def main(base: str, names: tuple[str, ...], rounds: int, root: Path) -> None:
    """Measure BASE and this checkout in turns; end with 1 where a figure is worse in every round."""
    with tree_of(base, root) as tree, TemporaryDirectory() as folder:

        def of_base() -> Measured:
            return measured(tree, names, Path(folder))

        def of_now() -> Measured:
            return measured(root.resolve(), names, Path(folder))

        found = list(compared(in_turns(of_base, of_now, rounds)))
    if not found:
        raise click.ClickException(f"{base} and this checkout have no figure in common")
    click.echo(f"  {'figure':<52} {base[:12]:>12} {'now':>12} {'unit':<9} {'ratio':>6}  rounds")
    for figure in found:
        click.echo(figure)
    worse = sum(figure.is_slower for figure in found)
    click.echo(f"{len(found)} figures in {rounds} rounds, {worse} worse; a ratio above 1 is a gain")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
