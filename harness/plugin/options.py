"""The options of the pytest plugin: what they are, and what a session makes of them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from hashlib import blake2s
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from counterpoint.harness.plugin.effort import DEFAULTS, UNSAID, SearchEffort, Shard

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from counterpoint.model.tracefile import TraceFile

T = TypeVar("T")

SERVER_VARIABLES = ("CI", "TF_BUILD", "BUILDKITE", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID")
"""Variables of the environment of which one is set on a server of continuous integration."""


class Option(NamedTuple):
    """An option of the command line. `default` is that of the ini option of the same name."""

    flag: str
    metavar: str
    help: str
    default: str | None = None

    @property
    def ini(self) -> str:
        """The name of the ini option.

        >>> Option("--counterpoint-runs", "N", "").ini
        'counterpoint_runs'
        """
        return self.flag.lstrip("-").replace("-", "_")


OPTIONS = (
    Option(
        "--counterpoint-replay",
        "FILE",
        "replay a trace file in the test that wrote it, and run no other test",
    ),
    Option(
        "--counterpoint-seed",
        "N",
        "the seed of the session, from which every test derives its own; 'random' for another one "
        "each time, which is the default but on a server, where it is 0",
        "",
    ),
    Option("--counterpoint-runs", "N", "make so many walks a test", str(DEFAULTS.runs)),
    Option("--counterpoint-seconds", "T", "walk so long a test", f"{DEFAULTS.seconds:g}"),
    Option(
        "--counterpoint-examples",
        "N",
        "make so many runs of the state machine a test, 0 for none; the default is a fifth of the "
        "Hypothesis profile's max_examples",
        "",
    ),
    Option(
        "--counterpoint-shards",
        "N",
        "split each test into N that share its runs; 'auto' for as many as pytest-xdist has workers",
        "1",
    ),
    Option(
        "--counterpoint-profile",
        "NAME",
        "search as a server does: 'ci' makes the same runs in every checkout, 'nightly' others every "
        "night, for a minute a test; both split each test among the workers, try what failed in "
        "earlier sessions first, and make no run again that the same code has passed",
        "",
    ),
    Option(
        "--counterpoint-budget",
        "T",
        "search no longer than so many seconds, or 90s, 10m or 2h, in all tests together; what is left "
        "out is skipped",
        "",
    ),
    Option(
        "--counterpoint-directory", "DIR", "where the traces of failing runs go", ".counterpoint"
    ),
)
"""Every option. On the command line it overrules a test; in an ini file it is for tests that say
nothing of their own."""


PROFILES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ci": {"counterpoint_seed": "0", "counterpoint_shards": "auto"},
        "nightly": {
            "counterpoint_seed": "random",
            "counterpoint_shards": "auto",
            "counterpoint_seconds": "60",
            "counterpoint_runs": "100000000",
        },
    }
)
"""What a profile says in place of the ini file."""


class PluginSession(NamedTuple):
    """What the options amount to.

    `is_seeded` tells that the command line names a seed, or asks for a random one. `asked` is what
    it says else, `defaults` what profile and ini file say; `is_split` tells whether tests have shards,
    how many a worker knows; `worker` is the name of
    the worker where all workers run all tests, so that they do not do the same, else empty.
    `budget_seconds` bounds the whole session, which began at the time `started` and has so many
    `workers`.
    """

    seed: int
    is_seeded: bool
    asked: SearchEffort
    defaults: SearchEffort
    shards: int
    is_split: bool
    directory: Path
    replay: TraceFile | None
    worker: str = ""
    profile: str = ""
    budget_seconds: float | None = None
    started: float = 0.0
    workers: int = 1

    def seed_of(self, test: str) -> int:
        """Return the seed of a test: the same wherever and in whichever order tests run."""
        text = f"{self.seed} {test} {self.worker}"
        return int.from_bytes(blake2s(text.encode(), digest_size=4).digest(), "big")

    def efforts(self, test: str) -> tuple[SearchEffort, SearchEffort]:
        """Return what is asked of a test, and what holds where nothing is."""
        seed = SearchEffort(seed=self.seed_of(test))
        return (seed if self.is_seeded else UNSAID).over(self.asked), seed.over(self.defaults)


def session_of(config: pytest.Config) -> PluginSession:
    """Read the options of a session.

    Raises:
        pytest.UsageError: an option has no good value, or the trace file is none.
    """
    worker: Mapping[str, object] = getattr(config, "workerinput", MappingProxyType({}))
    asked = _given(config)
    ini = _ini(config)
    profile = asked.get("counterpoint_profile", ini["counterpoint_profile"])
    ini |= _profile(profile)
    path = asked.get("counterpoint_replay")
    return PluginSession(
        seed=_seed(config, {**ini, **asked}, worker),
        is_seeded="counterpoint_seed" in asked,
        asked=_effort(asked),
        defaults=_effort(ini).over(DEFAULTS),
        shards=_shards({**ini, **asked}["counterpoint_shards"], worker),
        is_split={**ini, **asked}["counterpoint_shards"] != "1",
        directory=config.rootpath / {**ini, **asked}["counterpoint_directory"],
        replay=_trace_file(path) if path else None,
        worker=str(worker.get("counterpoint_worker", "")),
        profile=profile,
        budget_seconds=_budget({**ini, **asked}["counterpoint_budget"]),
        started=float(str(worker.get("counterpoint_started", time.time()))),
        workers=_shards("auto", worker),
    )


def _profile(name: str) -> Mapping[str, str]:
    if name and name not in PROFILES:
        raise pytest.UsageError(
            f"counterpoint_profile is {name!r}; it must be one of: {', '.join(PROFILES)}"
        )
    return PROFILES.get(name, MappingProxyType({}))


def tell_worker(
    told: MutableMapping[str, object], config: pytest.Config, session: PluginSession
) -> None:
    """Give a worker what it cannot find out itself: the session's seed, and its own name if needed."""
    told["counterpoint_seed"] = session.seed
    told["counterpoint_started"] = session.started
    if config.getoption("dist", "no") == "each":
        told["counterpoint_worker"] = told.get("workerid", "")


def shard_name(shard: Shard) -> str:
    """Return how a test's name tells its shard.

    >>> shard_name((0, 4))
    'shard-1-of-4'
    """
    return f"shard-{shard[0] + 1}-of-{shard[1]}"


def _given(config: pytest.Config) -> dict[str, str]:
    given = {option.ini: config.getoption(option.flag) for option in OPTIONS}
    return {name: str(value) for name, value in given.items() if value is not None}


def _ini(config: pytest.Config) -> dict[str, str]:
    return {o.ini: str(config.getini(o.ini)) for o in OPTIONS if o.default is not None}


def _effort(values: Mapping[str, str]) -> SearchEffort:
    return SearchEffort(
        runs=_number(values, "counterpoint_runs", int, least=1),
        seconds=_number(values, "counterpoint_seconds", float, least=0.001),
        seed=None,
        examples=_number(values, "counterpoint_examples", int, least=0),
    )


def _number(
    values: Mapping[str, str], name: str, kind: Callable[[str], T], *, least: float
) -> T | None:
    text = values.get(name, "")
    if not text:
        return None
    try:
        number = kind(text)
    except ValueError:
        raise pytest.UsageError(f"{name} is {text!r}; it must be a number") from None
    if number < least:  # type: ignore[operator]
        raise pytest.UsageError(f"{name} is {text!r}; it must be at least {least:g}")
    return number


def _budget(text: str) -> float | None:
    if not text:
        return None
    from counterpoint.harness.durations import seconds_in

    try:
        seconds = seconds_in(text)
    except ValueError as error:
        raise pytest.UsageError(f"counterpoint_budget: {error}") from None
    if seconds < 0.001:
        raise pytest.UsageError(f"counterpoint_budget is {text!r}; it must be at least 0.001")
    return seconds


def _seed(config: pytest.Config, values: Mapping[str, str], worker: Mapping[str, object]) -> int:
    told = worker.get("counterpoint_seed")
    if isinstance(told, int):
        return told
    text = values["counterpoint_seed"]
    if not text:
        text = str(config.getoption("--hypothesis-seed", None) or "")
    if text.isdecimal():
        return int(text)
    if text not in ("", "random"):
        raise pytest.UsageError(f"counterpoint_seed is {text!r}; it must be a number, or 'random'")
    if not text and any(name in os.environ for name in SERVER_VARIABLES):
        return 0
    return random.SystemRandom().randrange(2**32)


def _shards(text: str, worker: Mapping[str, object]) -> int:
    if text == "auto":
        count = worker.get("workercount", 1)
        return count if isinstance(count, int) else 1
    return _number({"counterpoint_shards": text}, "counterpoint_shards", int, least=1) or 1


def _trace_file(path: str) -> TraceFile:
    from counterpoint.model.tracefile import BadTraceFile, read_trace

    try:
        return read_trace(Path(path))
    except BadTraceFile as error:
        raise pytest.UsageError(f"--counterpoint-replay: {error}") from None
