"""Time, chance and the operating system, as a program under the scheduler knows them.

While a node is in a step, and only then, the functions of `time`, `random`, `os` and `datetime` are
those of the node; also where a module took one by name (`from time import time`). What the operating
system would do for real is refused, at the place where the interpreter itself tells of it.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import gc
import os
import random
import signal
import sys
import threading
import time
import warnings
from asyncio import events
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, NoReturn, Protocol

from counterpoint.harness.aio.escapes import escaped
from counterpoint.harness.aio.watchdog import Watchdog
from counterpoint.harness.interruption import HeardSignal, begin_step, end_step

EPOCH = 1_700_000_000
"""The second of Unix time at which every run begins."""


class Running(Protocol):
    """The node that is in a step."""

    clock: int
    random: random.Random
    refused: Exception | None

    def all_tasks(self) -> set[Any]:
        """Return the tasks that are not done, oldest first."""
        ...


class _Present:
    """Which node is in a step, if any is."""

    def __init__(self) -> None:
        self.node: Any = None
        self.count = 0
        self.thread = 0
        self.is_exchanged = False
        self.by_original: dict[int, Any] = {}


_present = _Present()


def _micro() -> int:
    return int(_present.node.clock)


def _in_step(real: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is ours in a step, and the real one for whoever kept it beyond."""

    @functools.wraps(real)
    def either(*args: Any, **named: Any) -> Any:
        return (real if _present.node is None else ours)(*args, **named)

    return either


def _sleep(seconds: float) -> None:
    _present.node.clock += max(0, round(seconds * 1_000_000))


_DATETIME = datetime.datetime


class _AsReal(type):
    """The class of a class that stands in for `datetime`: every datetime is one of it."""

    def __instancecheck__(cls, given: object) -> bool:
        return isinstance(given, _DATETIME)

    def __subclasscheck__(cls, given: type) -> bool:
        return issubclass(given, _DATETIME)


class _Clocked(datetime.datetime, metaclass=_AsReal):
    """`datetime` with the time of the node; what it returns are datetimes of the real class."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """Return the time at the node; without a zone it is that of Greenwich, on every machine."""
        if _present.node is None:
            return _DATETIME.now(tz)
        moment = _DATETIME.fromtimestamp(EPOCH + _micro() / 1_000_000, tz or datetime.UTC)
        return moment if tz is not None else moment.replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> Any:
        """Return the time at the node."""
        return cls.now()

    @classmethod
    def today(cls) -> Any:
        """Return the time at the node."""
        return cls.now()


def _broken_down(seconds: float | None = None) -> time.struct_time:
    return _GMTIME(EPOCH + _micro() / 1_000_000 if seconds is None else seconds)


_GMTIME = time.gmtime


def _clock(scale: int, offset: int = 0) -> Callable[[], float]:
    return lambda: offset + _micro() / scale


def _nanoseconds(offset: int = 0) -> Callable[[], int]:
    return lambda: (offset * 1_000_000 + _micro()) * 1_000


def _chance(name: str) -> Callable[..., Any]:
    def drawn(*args: Any, **named: Any) -> Any:
        return getattr(_present.node.random, name)(*args, **named)

    drawn.__name__ = name
    return drawn


def _urandom(size: int) -> bytes:
    return bytes(_present.node.random.randbytes(size))


def _all_tasks(loop: Any = None) -> set[Any]:
    del loop
    return set(_present.node.all_tasks())


class _Quiet:
    """`warnings` as asyncio's streams know it: it is no news that a program let go of a connection."""

    @staticmethod
    def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None) -> None:
        """Say nothing in a step, and what is to be said outside of one."""
        if _present.node is None:
            warnings.warn(message, category, stacklevel + 1, source)


def _no_thread(*_: Any, **__: Any) -> NoReturn:
    _present.node.refused = escaped("a thread", "thread")
    raise _present.node.refused


def _never(name: str, kind: str) -> Callable[..., NoReturn]:
    """Return a function that is refused, as the interpreter tells nobody of the real one."""

    def refused(*_: Any, **__: Any) -> NoReturn:
        _present.node.refused = escaped(name, kind)
        raise _present.node.refused

    return refused


def _unawaited(coroutine: Any) -> None:
    _present.node.never_awaited(coroutine)


_CHANCE = tuple(name for name in random.__all__ if not isinstance(getattr(random, name), type))
"""The functions of `random` that draw from the hidden generator."""

_OURS: Mapping[ModuleType, dict[str, Any]] = {
    time: {
        "time": _clock(1_000_000, EPOCH),
        "time_ns": _nanoseconds(EPOCH),
        "monotonic": _clock(1_000_000),
        "monotonic_ns": _nanoseconds(),
        "perf_counter": _clock(1_000_000),
        "perf_counter_ns": _nanoseconds(),
        "sleep": _sleep,
        "gmtime": _broken_down,
        "localtime": _broken_down,
    },
    random: {**{name: _chance(name) for name in _CHANCE}, "_urandom": _urandom},
    os: {"urandom": _urandom},
    datetime: {"datetime": _Clocked},
}
"""What is exchanged for a step alone."""

_FOR_GOOD: Mapping[ModuleType, dict[str, Any]] = {
    asyncio: {"all_tasks": _all_tasks},
    asyncio.tasks: {"all_tasks": _all_tasks},
    asyncio.streams: {"warnings": _Quiet},
    threading: dict.fromkeys(
        vars(threading).keys() & {"_start_new_thread", "_start_joinable_thread"}, _no_thread
    ),
    warnings: {"_warn_unawaited_coroutine": _unawaited},
    os: {name: _never(f"os.{name}", "end") for name in ("_exit", "abort")},
    signal: {"raise_signal": _never("signal.raise_signal", "signal")},
}


class Patches:
    """Everything to be exchanged for a step: in the modules themselves, and where names were taken.

    Between two steps of a run it may stay so, which is cheaper: who asks then is told what is real.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._heard = HeardSignal()
        self._was_collecting = False
        self._was_tracking = 0
        self._places: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []
        by_original: dict[int, Any] = {}
        for module, wanted in _OURS.items():
            real = {name: vars(module)[name] for name in wanted}
            ours = {name: _stand_in(real[name], wanted[name]) for name in wanted}
            self._places.append((vars(module), ours, real))
            by_original.update({id(real[name]): ours[name] for name in ours})
        by_original.update(_exchanged_for_good())
        self._places += _taken_by_name(by_original)

    @property
    def are_on(self) -> bool:
        """Tell whether they are on, and stay so after the step that asks."""
        return self._holders > 0

    def __enter__(self) -> None:
        """Put them on, unless they are on already.

        The collector of cycles rests: a collection in mid-step would call finalisers, which write.
        """
        self._holders += 1
        if self._holders > 1:
            return
        self._heard.__enter__()
        _present.thread = threading.get_ident()
        self._was_collecting = gc.isenabled()
        self._was_tracking = sys.get_coroutine_origin_tracking_depth()
        gc.disable()
        sys.set_coroutine_origin_tracking_depth(max(1, self._was_tracking))
        for place, ours, _real in self._places:
            place.update(ours)

    def __exit__(self, *_: object) -> None:
        """Let the functions be the real ones again, once nobody needs others any more."""
        self._holders -= 1
        if self._holders:
            return
        for place, _ours, real in self._places:
            place.update(real)
        sys.set_coroutine_origin_tracking_depth(self._was_tracking)
        if self._was_collecting:
            gc.enable()
        self._heard.__exit__(None)


def _stand_in(real: Any, ours: Any) -> Any:
    return ours if isinstance(ours, type) else _in_step(real, ours)


def _exchanged_for_good() -> dict[int, Any]:
    """Exchange what costs nothing outside of a step, where it does as before; once for a process."""
    if not _present.is_exchanged:
        _present.is_exchanged = True
        sys.addaudithook(_refuse)
        Watchdog(_present).start()
        for module, wanted in _FOR_GOOD.items():
            for name, ours in wanted.items():
                real = vars(module)[name]
                vars(module)[name] = stand_in = _stand_in(real, ours)
                _present.by_original[id(real)] = stand_in
        finaliser: Any = vars(asyncio.StreamWriter).get("__del__")
        if finaliser is not None and finaliser.__defaults__:  # Python 3.13 has `warnings` there
            finaliser.__defaults__ = (_Quiet,)
    return _present.by_original


def _taken_by_name(by_original: dict[int, Any]) -> Iterator[Any]:
    """Yield the modules of authors that have taken a function by name, with what to put and put back."""
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] in _NOT_SCANNED or not isinstance(module, ModuleType):
            continue
        names = vars(module)
        ours = {n: by_original[id(v)] for n, v in tuple(names.items()) if id(v) in by_original}
        if ours:
            yield names, ours, {n: names[n] for n in ours}


_NOT_SCANNED = frozenset(sys.stdlib_module_names) - {"__main__"} | {
    "counterpoint", "pytest", "_pytest", "pluggy", "hypothesis", "xdist", "execnet", "coverage",
}  # fmt: skip
"""Packages that run outside of nodes, or that take what they need by the module."""


class StepOf:
    """For a step of a node its loop runs; time, chance and the operating system are those of the node.

    A signal waits until it is over. The steps of one node follow each other, so that one such value
    is enough for all of them.
    """

    __slots__ = ("_before", "_hooks_before", "_is_alone", "_loop_before", "_node", "_patches")

    def __init__(self, node: Any, patches: Patches) -> None:
        self._node, self._patches = node, patches
        self._before: Any = None
        self._loop_before: Any = None
        self._hooks_before: Any = (None, None)
        self._is_alone = True

    def __enter__(self) -> None:
        if _present.node is None:
            begin_step()
        self._is_alone = not self._patches.are_on
        if self._is_alone:
            self._patches.__enter__()
        self._before, _present.node = _present.node, self._node
        _present.count += 1
        self._loop_before = events._get_running_loop()
        events._set_running_loop(self._node.loop)
        self._hooks_before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(*self._node.loop.generator_hooks)

    def __exit__(self, *_: object) -> None:
        sys.set_asyncgen_hooks(*self._hooks_before)
        events._set_running_loop(self._loop_before)
        _present.node = self._before
        if self._is_alone:
            self._patches.__exit__()
        if self._before is None:
            end_step()


_REFUSED: Mapping[str, tuple[str, str]] = {
    "socket.connect": ("socket.connect", "socket"),
    "socket.bind": ("socket.bind", "socket"),
    "socket.sendto": ("socket.sendto", "socket"),
    "socket.getaddrinfo": ("socket.getaddrinfo", "socket"),
    "socket.gethostbyname": ("socket.gethostbyname", "socket"),
    "subprocess.Popen": ("subprocess.Popen", "subprocess"),
    "os.system": ("os.system", "subprocess"),
    "os.fork": ("os.fork", "process"),
    "os.posix_spawn": ("os.posix_spawn", "process"),
    "os.exec": ("os.exec", "end"),
    "os.kill": ("os.kill", "signal"),
    "os.killpg": ("os.killpg", "signal"),
    "signal.pthread_kill": ("signal.pthread_kill", "signal"),
}


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if _present.node is not None and event in _REFUSED:
        _present.node.refused = escaped(*_REFUSED[event])
        raise _present.node.refused
