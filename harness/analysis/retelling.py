"""Runs of a scenario told step by step, for comparing one process with another: `audit` starts it.

python -m counterpoint.harness.analysis.retelling SYSTEM RUNS SEED
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what is compared is imported after the heap is filled, and other modules
    from counterpoint.model.event import Event

HEAP, IMPORTS = "COUNTERPOINT_AUDIT_HEAP", "COUNTERPOINT_AUDIT_IMPORTS"
"""Environment variables: how many objects fill the heap first, and the seed of an order of imports."""

IMPORTED_FIRST = (
    "argparse", "array", "base64", "bisect", "calendar", "csv", "decimal", "difflib", "email.message",
    "fractions", "html.parser", "http.client", "ipaddress", "logging", "mimetypes", "pickle", "queue",
    "sqlite3", "statistics", "string", "tempfile", "unittest", "uuid", "xml.etree.ElementTree", "zlib",
)  # fmt: skip
"""Modules of the standard library that take each other along in different orders."""

ToldSteps = dict[str, object]
"""A run: its number, and its steps as (choice, digest, what happened)."""


def main() -> None:
    """Print one run a line."""
    system, runs, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    junk = [object() for _ in range(int(os.environ.get(HEAP, "0")))]
    del junk[::3]
    order = list(IMPORTED_FIRST)
    if IMPORTS in os.environ:
        Random(os.environ[IMPORTS]).shuffle(order)
        for name in order:
            import_module(name)
    sys.path.insert(0, os.getcwd())
    from counterpoint.model.determinism import NotDeterministic

    try:
        for told in told_runs(system, runs, seed):
            print(json.dumps(told), flush=True)
    except NotDeterministic as error:
        print(json.dumps({"error": str(error)}), flush=True)


def told_runs(system: str, runs: int, seed: int) -> Iterator[ToldSteps]:
    """Yield so many runs of a scenario, each twice in a row, and the second by other objects."""
    from counterpoint.harness.catalog import build
    from counterpoint.model.search.drawing import drawn
    from counterpoint.model.search.engine.transition_tables import Compiled
    from counterpoint.model.search.walks.campaign import run_random
    from counterpoint.model.search.walks.strategy import DEFAULT
    from counterpoint.model.search.walks.walk import walk

    for number in range(runs):
        for _ in range(2):
            scenario = drawn(build(system), seed)
            walked = walk(Compiled(scenario), run_random(seed, number), DEFAULT)
            yield _told(number, scenario, tuple(walked.run.choices), walked.failure)


def _told(
    number: int, scenario: object, choices: tuple[object, ...], failure: str | None
) -> ToldSteps:
    from counterpoint.model.forms import world_form
    from counterpoint.model.search.replay import run
    from counterpoint.model.values import digest_of, show

    trace = run(scenario, choices)  # type: ignore[arg-type]
    by_step = trace.by_step()
    steps = [["start", digest_of(world_form(trace.worlds[0])), _happened(by_step.get(-1, []))]]
    for step, choice in enumerate(trace.choices):
        world = trace.worlds[step + 1] if step + 1 < len(trace.worlds) else None
        digest = "" if world is None else digest_of(world_form(world))
        steps.append([show(choice), digest, _happened(by_step.get(step, []))])
    return {"run": number, "steps": steps, "failure": failure}


def _happened(events: Iterable[Event]) -> list[str]:
    from counterpoint.model.values import show

    return [f"{e.node} {e.kind} {show(e.value)}" for e in events if e.node is not None]


if __name__ == "__main__":
    main()
