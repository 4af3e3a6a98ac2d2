"""Ctrl-C, SIGTERM and SIGHUP: long commands keep what they found, and say which signal ended them.

A signal raises `Stopped`, from the first import on. Where an exception out of the blue could get lost
in a finaliser, or leave something half done, an `Interruption` turns it into a question.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What asks a command to end."""


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end. `number` is that of the signal."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


def exit_code_of(stop: BaseException) -> int:
    """Return the exit code of a command that was asked to end: 128 and the number of the signal.

    >>> exit_code_of(KeyboardInterrupt()), exit_code_of(Stopped(signal.SIGTERM))
    (130, 143)
    """
    return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)


@contextmanager
def stopping() -> Iterator[None]:
    """While it is entered, every signal that asks for an end raises `Stopped`.

    Signals that are ignored, as under nohup, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {number: signal.getsignal(number) for number in SIGNALS}
    changed = [number for number in SIGNALS if usual[number] != signal.SIG_IGN]
    for number in changed:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, usual[number])


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)


class Interruption:
    """While it is entered, the first signal is noted, and a second one interrupts as usual.

    `exit_code` is 0 as long as nobody asked for an end, then what the command is to end with.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self._usual: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                usual = signal.getsignal(number)
                if usual in (signal.default_int_handler, _stop):
                    self._usual[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, usual in self._usual.items():
            signal.signal(number, usual)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.exit_code:
            raise Stopped(number)
        self.exit_code = exit_code_of(Stopped(number))
