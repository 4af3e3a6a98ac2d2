"""`counterpoint list`: what there is to run."""

from __future__ import annotations

from collections.abc import Sequence

import click

from counterpoint.harness.commands.shared import json_flag
from counterpoint.harness.listed import Listed, described, listed
from counterpoint.harness.named_systems import own_names
from counterpoint.harness.output import clear_errors, emit, tell


@click.command("list")
@click.argument("system", required=False)
@json_flag("One JSON object a system.")
def listing(system: str | None, as_json: bool) -> None:
    """List systems with their scenarios, properties and mutants: those of the catalog, and yours.

    \b
    counterpoint list
    counterpoint list register --json
    counterpoint list mypackage.scenarios:bank
    """
    systems = listed()
    if system not in systems:
        with clear_errors(as_json=as_json):
            yours = _described(own_names() if system is None else (system,))
        systems = yours if system is not None else systems | yours
    for one in systems.values() if system is None else (systems[system],):
        if as_json:
            emit(one)
            continue
        tell(f"{one['system']}: {one['summary']}")
        tell(f"  checkers   {', '.join(one['checkers']) or '-'}")
        _table("scenarios", one["scenarios"])
        _table(
            "mutants",
            {
                name: f"{m['summary']} [breaks {' or '.join(m['breaks'])}]"
                for name, m in one["mutants"].items()
            },
        )
        _table("settings", one["settings"])


def _described(names: Sequence[str]) -> dict[str, Listed]:
    """Return systems that are not in the catalog, for which it is imported."""
    if not names:
        return {}
    from counterpoint.harness.catalog import entry

    return {name: described(entry(name)) for name in names}


def _table(title: str, rows: dict[str, str]) -> None:
    width = max(map(len, rows), default=0)
    for number, (name, text) in enumerate(rows.items()):
        tell(f"  {title if number == 0 else '':<10} {name:<{width}}  {text}")
