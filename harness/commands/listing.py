"""`counterpoint list`: what there is to run."""

from __future__ import annotations

import click

from counterpoint.harness.catalog import SYSTEMS, entry
from counterpoint.harness.output import clear_errors, emit, tell


@click.command("list")
@click.argument("system", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a system.")
def listing(system: str | None, as_json: bool) -> None:
    """List systems with their scenarios, properties and mutants.

    \b
    counterpoint list
    counterpoint list register --json
    """
    with clear_errors(as_json=as_json):
        entries = [entry(name) for name in ([system] if system else SYSTEMS)]
    for one in entries:
        properties = [prop.name for prop in one.scenario().properties]
        if as_json:
            emit(
                {
                    "system": one.name,
                    "summary": one.summary,
                    "scenarios": dict(one.scenarios),
                    "checkers": properties,
                    "mutants": {
                        name: {
                            "summary": m.summary,
                            "breaks": list(m.breaks),
                            "scenario": m.scenario,
                        }
                        for name, m in one.mutants.items()
                    },
                    "settings": dict(one.settings),
                }
            )
            continue
        tell(f"{one.name}: {one.summary}")
        tell(f"  checkers   {', '.join(properties)}")
        _table("scenarios", dict(one.scenarios))
        _table(
            "mutants",
            {
                name: f"{m.summary} [breaks {' or '.join(m.breaks)}]"
                for name, m in one.mutants.items()
            },
        )
        _table("settings", dict(one.settings))


def _table(title: str, rows: dict[str, str]) -> None:
    width = max(map(len, rows), default=0)
    for number, (name, text) in enumerate(rows.items()):
        tell(f"  {title if number == 0 else '':<10} {name:<{width}}  {text}")
