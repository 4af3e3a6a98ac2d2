"""`counterpoint merge`: the logs of running nodes as one trace, which every other command reads."""

from __future__ import annotations

from pathlib import Path

import click

from counterpoint.harness.commands.shared import as_json, cluster_file
from counterpoint.harness.keeping import keep
from counterpoint.harness.output import clear_errors, emit, finish, tell


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@cluster_file
@click.option("--steps", type=click.IntRange(1, 100_000), help="Take so many steps at most [2000].")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("merged.trace.jsonl"),
    show_default=True,
    help="The trace file.",
)
@as_json
def merge(
    logs: tuple[Path, ...], config: Path, steps: int | None, out: Path, as_json: bool
) -> None:
    """Make one trace of the LOGS of all nodes of a cluster, clients included, from their start on.

    The handlers are run again, so a log that does not fit what its node would have done is refused,
    with the line. The trace is like any other: show, view, replay.

    \b
    counterpoint up register --config register.yaml --log logs
    counterpoint merge logs/*.jsonl --config register.yaml && counterpoint show merged.trace.jsonl
    """
    from counterpoint.harness.live.cluster import load_cluster
    from counterpoint.harness.live.merging import STEPS_MAX, merged
    from counterpoint.model.search.replay import judge

    with clear_errors(as_json=as_json):
        found = merged(load_cluster(config), logs, steps=steps or STEPS_MAX)
    kept = keep(out, found.trace, judge(found.trace))
    count = len(found.trace.choices)
    if as_json:
        emit({"outcome": "written", "trace": kept.text, "steps": count, "left": found.left})
    else:
        rest = f"; {found.left:,} more are in the logs (--steps)" if found.left else ""
        tell(f"{kept.text}: {count:,} steps{rest}")
    finish("holds", kept)
