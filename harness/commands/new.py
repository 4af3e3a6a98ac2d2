"""`counterpoint new`: write a protocol to start from, with its tests."""

from __future__ import annotations

from pathlib import Path

import click

from counterpoint.harness.output import clear_errors, tell
from counterpoint.harness.starting.writing import TABLE, naming, write_new


@click.command(
    epilog="Exit codes: 0 written, 2 the name is none or is taken, and nothing is written."
)
@click.argument("name")
def new(name: str) -> None:
    """Write a protocol NAME.py with a scenario and a variant that dies, and test_NAME.py beside it.

    They pass as they are, and are yours to change. No file is overwritten; where there is a
    pyproject.toml, it stays as it is, and what to add to it is told.

    \b
    counterpoint new lock && pytest
    """
    with clear_errors():
        written = write_new(name, Path())
    for path, is_new in written.items():
        tell(f"{'wrote' if is_new else 'left '} {path}")
    if not all(written.values()):
        tell(
            f"to have `counterpoint list` know it, add to pyproject.toml:\n\n{TABLE}\n{naming(name)}\n"
        )
    tell(f"now: pytest test_{name}.py\n     counterpoint fuzz {name}:SUITE --mutant hasty")
