"""Run the measurements: `python -m tests.bench [NAME ...] [--json FILE] [--history FILE]`."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from pathlib import Path

import click

import tests.bench
from tests.bench import history
from tests.bench.measure import Figure

NAMES = sorted(
    module.name.removeprefix("bench_")
    for module in pkgutil.iter_modules(tests.bench.__path__)
    if module.name.startswith("bench_")
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("bench.json"))
@click.option("--history", "kept", type=click.Path(path_type=Path), help="Add a line to this file.")
def main(names: tuple[str, ...], path: Path, kept: Path | None) -> None:
    """Measure, print a table, and write the figures to a JSON file."""
    before = history.last(kept, history.machine()) if kept else {}
    taken: dict[str, list[Figure]] = {}
    for name in names or NAMES:
        click.echo(f"{name}:")
        taken[name] = []
        for figure in import_module(f"tests.bench.bench_{name}").figures():
            taken[name].append(figure)
            click.echo(row(figure, *before.get(figure.name, (0.0, ""))))
    figures = {
        name: [{key: getattr(f, key) for key in (*Figure.__slots__, "ratio")} for f in of_name]
        for name, of_name in taken.items()
    }
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(f"written to {path}")
    if kept:
        history.append(kept, history.entry(taken))
        click.echo(f"added to {kept}")


def row(figure: Figure, before: float, commit: str) -> str:
    """Return the line of a figure, with its value at an earlier commit where one is known."""
    peer = f"{figure.ratio:.2g} times {figure.peer:,.4g}" if figure.peer else ""
    line = (
        f"  {figure.name:<52} {number(figure.value):>12} {figure.unit:<9} {figure.aim:<10} "
        f"{peer:<18} {figure.note}"
    )
    return line.rstrip() + (f"  [{number(before)} at {commit}]" if commit else "")


def number(value: float) -> str:
    """Return a figure in three digits, or as a whole number where it has more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
