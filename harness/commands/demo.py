"""`counterpoint demo`: verify the register for some seconds, then catch a wrong variant of it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from counterpoint.harness.catalog import build
from counterpoint.harness.commands.fuzz import fuzz
from counterpoint.harness.output import BROKEN, HOLDS, tell
from counterpoint.harness.ranges import PositiveNumber
from counterpoint.harness.streams import NOT_KEPT


@click.command()
@click.option("--seconds", type=PositiveNumber(), default=8.0, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path(".counterpoint")
)
def demo(seconds: float, seed: int, out: Path) -> None:
    """Verify the register on its demo configuration, then catch mutant B1, minimise it and show it.

    Exit code 0 means that the register held and the mutant was caught.
    """
    mutant = "B1"
    build("register", scenario="demo")
    tell(f"1. The register, whole demo configuration, {seconds:g} s of random runs with faults:")
    right = _code(
        ["register", "--scenario", "demo", "--seconds", str(seconds), "--seed", str(seed)], out
    )
    if right > NOT_KEPT:  # a signal
        sys.exit(right)
    tell(f"\n2. The same with mutant {mutant}: a read returns without writing back.\n")
    wrong = _code(["register", "--mutant", mutant, "--seed", str(seed), "--seconds", "60"], out)
    if wrong > NOT_KEPT:
        sys.exit(wrong)
    sys.exit(0 if right == HOLDS and wrong in (BROKEN, NOT_KEPT) else 1)


def _code(arguments: list[str], out: Path) -> int:
    """Run the fuzz command and return its exit code."""
    try:
        fuzz.main([*arguments, "--out", str(out)], standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
