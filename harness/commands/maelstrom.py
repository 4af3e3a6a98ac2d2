"""`counterpoint maelstrom`: programs that speak Maelstrom's protocol, as nodes under our scheduler."""

from __future__ import annotations

from pathlib import Path

import click

from counterpoint.harness.commands.shared import as_json, out_folder
from counterpoint.harness.named_systems import MAELSTROM
from counterpoint.harness.output import EXIT_HELP, clear_errors
from counterpoint.harness.ranges import PositiveNumber


@click.group()
def maelstrom() -> None:
    """Test programs that speak Maelstrom's protocol, in any language; or run a node of ours as one.

    Messages are JSON lines on standard input and output:
    https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md
    """


@maelstrom.command(epilog=EXIT_HELP)
@click.option("-w", "--workload", required=True, help="echo, broadcast, ...; see above.")
@click.option("--bin", required=True, type=click.Path(path_type=Path), help="The program.")
@click.option("--node-count", type=click.IntRange(1, 9), default=3, help="So many nodes [3].")
@click.option("--concurrency", type=click.IntRange(1, 20), help="So many clients [one a node].")
@click.option(
    "--operations",
    type=click.IntRange(1, 50),
    default=4,
    help="A client makes so many at most [4].",
)
@click.option("--nemesis", default="", metavar="KINDS", help="kill, pause, partition.")
@click.option("--runs", type=click.IntRange(1), help="Stop after so many runs.")
@click.option("--seconds", type=PositiveNumber(), help="Stop after so long [10].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Which runs are made [0].")
@click.option("--show-passing", is_flag=True, help="Show and keep a run that breaks nothing, too.")
@out_folder("Where the trace of a counterexample goes.")
@as_json
@click.pass_context
def test(
    context: click.Context,
    workload: str,
    bin: Path,
    node_count: int,
    concurrency: int | None,
    operations: int,
    nemesis: str,
    runs: int | None,
    seconds: float | None,
    seed: int,
    show_passing: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Search the runs of a program for one that breaks its workload, and make it short.

    Each node is a process of the program. Messages arrive one by one, in any order, whenever the
    search says so; the next thing happens when all processes wait. Programs of Python and Node.js
    find their clock and their chance replaced, so that timers and ids, too, are the same in every
    run of the same choices.

    \b
    workloads: echo, unique-ids, broadcast, g-set, g-counter and pn-counter (with seq-kv), lin-kv,
               kafka (with lin-kv, seq-kv), txn-list-append (with lin-kv)
    nemesis:   kill       a node loses its memory, and is told init again
               partition  nodes are cut off, and messages are lost
               pause      a node is given nothing until it goes on, and then all at once

    Without any, too, every message may wait for as long as the search likes.

    \b
    counterpoint maelstrom test -w broadcast --bin ./broadcast.py --node-count 5 --nemesis partition
    counterpoint replay .counterpoint/maelstrom-broadcast-*.trace.jsonl
    """
    from counterpoint.harness.commands.fuzz import fuzz

    settings = {
        "workload": workload, "bin": str(bin), "nodes": node_count, "clients": concurrency or node_count,
        "operations": operations, "nemesis": nemesis,
    }  # fmt: skip
    context.invoke(
        fuzz,
        system=MAELSTROM,
        pairs=tuple(f"{key}={value}" for key, value in settings.items()),
        runs=runs,
        seconds=seconds,
        seed=seed,
        show_passing=show_passing,
        out=out,
        as_json=as_json,
    )


@maelstrom.command()
@click.argument("system")
@click.option("--mutant", help="A deliberately wrong variant, such as B1.")
def node(system: str, mutant: str | None) -> None:
    """Be a node of SYSTEM (register, causal_deps, causal_lamport) for Maelstrom's workload lin-kv.

    It reads and writes; of compare-and-set it says that it does not know it. A file of two lines is
    a program for Maelstrom itself, or for `counterpoint maelstrom test`:

    \b
    #!/bin/sh
    exec counterpoint maelstrom node register
    """
    from counterpoint.harness.maelstrom.own_node import run

    with clear_errors():
        run(system, mutant)
