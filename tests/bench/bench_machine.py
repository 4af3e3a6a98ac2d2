"""What a step of the Hypothesis state machine costs, and how much of it is ours.

Hypothesis draws, keeps and shrinks; ours is to list what is legal, to rank it, to do it, and to judge
the history after each observation that can decide a property. Where the time goes is sampled: a sample
is whose code it met first, from the innermost call outwards.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time
from types import FrameType

import hypothesis

from counterpoint.harness.catalog import build
from counterpoint.model.search.stateful.bridge import check, default_settings
from counterpoint.model.search.stateful.machine import state_machine_for
from tests.bench.measure import Figure

EXAMPLES = 150
EVERY_SECONDS = 0.001
OURS, THEIRS = "counterpoint", "hypothesis"


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for system in ("register", "token_manager", "causal_deps"):
        _steps(system, 20, Counter())  # which fills the tables and Hypothesis's own
        owners: Counter[str] = Counter()
        start = process_time()
        steps = _steps(system, EXAMPLES, owners)
        whole = (process_time() - start) / steps * 1e6
        ours = whole * owners[OURS] / owners.total()
        note = f"of {whole:.0f}, {steps} steps"
        yield Figure(f"ours of a machine's step, {system}", ours, "us", "<= 60", note)


def _steps(system: str, examples: int, owners: Counter[str]) -> int:
    scenario = build(system)
    machine = hypothesis.seed(1)(state_machine_for(scenario))
    with _sampling(owners):
        settings = hypothesis.settings(default_settings(scenario), max_examples=examples)
        return check(machine, settings).steps


@contextmanager
def _sampling(owners: Counter[str]) -> Iterator[None]:
    """Count whose code is met, so many times a second of processor time."""

    def sample(_number: int, frame: FrameType | None) -> None:
        # By names of modules: a checkout may lie in a folder of any name.
        while frame is not None and _package_of(frame) not in (OURS, THEIRS):
            frame = frame.f_back
        owners[THEIRS if frame is None else _package_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
