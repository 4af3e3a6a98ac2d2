"""Run the measurements: `python -m tests.bench [NAME ...] [--json FILE]`."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from pathlib import Path

import click

import tests.bench
from tests.bench.measure import Figure

NAMES = sorted(
    module.name.removeprefix("bench_")
    for module in pkgutil.iter_modules(tests.bench.__path__)
    if module.name.startswith("bench_")
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("bench.json"))
def main(names: tuple[str, ...], path: Path) -> None:
    """Measure, print a table, and write the figures to a JSON file."""
    taken: dict[str, list[Figure]] = {}
    for name in names or NAMES:
        click.echo(f"{name}:")
        taken[name] = []
        for figure in import_module(f"tests.bench.bench_{name}").figures():
            taken[name].append(figure)
            number = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.3g}"
            peer = f"{figure.ratio:.2g} times {figure.peer:,.4g}" if figure.peer else ""
            line = (
                f"  {figure.name:<52} {number:>12} {figure.unit:<9} {figure.aim:<10} {peer:<18} "
                f"{figure.note}"
            )
            click.echo(line.rstrip())
    figures = {
        name: [{key: getattr(f, key) for key in (*Figure.__slots__, "ratio")} for f in of_name]
        for name, of_name in taken.items()
    }
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(f"written to {path}")


if __name__ == "__main__":
    main()
