"""Ctrl-C, SIGTERM and SIGHUP: long commands keep what they found, and say which signal ended them.

A signal raises `Stopped`, from the first import on. Where an exception out of the blue would leave
something half done, an `Interruption` turns it into a question. And where it would get lost, it waits:
programs may catch all that is raised in them, and nobody hears of what is raised while their coroutines
are closed. So a signal in a step of a program is raised when that is over, and one that was raised in a
finaliser is sent again.
"""

from __future__ import annotations

import _thread
import signal
import sys
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
        with HeardSignal():
            yield
    finally:
        for number in changed:
            signal.signal(number, usual[number])


def _stop(number: int, _: FrameType | None) -> None:
    """Raise `Stopped`, or let the signal wait; one that is sent again may have been raised already."""
    is_over = _waiting.is_sent_again and not _waiting.number
    _waiting.is_sent_again = False
    if _waiting.in_step:
        _waiting.number = 0 if is_over else number
    elif not is_over:
        _waiting.number = 0
        raise Stopped(number)


class _Waiting:
    """Whether a step is under way in the main thread, and the signal that waits, 0 for none.

    `hook` tells of all else that is raised in finalisers.
    """

    in_step = has_sender = is_sent_again = False
    number = 0
    hook: Any = staticmethod(sys.__unraisablehook__)


_waiting = _Waiting()

AGAIN_SECONDS = 0.01
"""So much later a signal is sent again, until it was raised: then its finaliser is over."""


def begin_step() -> None:
    """Let each signal wait that `HeardSignal` or `stopping` hears of; they come in the main thread."""
    _waiting.in_step = threading.current_thread() is threading.main_thread()


def end_step() -> None:
    """Let signals be raised again. One that waits is not yet: call `raise_waiting` or `send_again`."""
    _waiting.in_step = False


def raise_waiting() -> None:
    """Raise the signal that waits, if one does and no step is under way.

    Raises:
        Stopped: a signal came in the step before.
    """
    if _waiting.number and not _waiting.in_step:
        number, _waiting.number = _waiting.number, 0
        raise Stopped(number)


def is_one_waiting() -> bool:
    """Tell whether a signal waits for the end of the step that is under way."""
    return _waiting.number != 0


def send_again() -> None:
    """Have the signal that waits, if one does, come again when the finaliser is over that calls this.

    If a step ends before, that raises it.
    """
    is_due = _waiting.number and not _waiting.has_sender
    if is_due and not _waiting.in_step:  # where no thread may start
        begin_step()  # until its sender is on its way
        _waiting.has_sender = True  # two would send it twice
        threading.Thread(target=_send, daemon=True).start()
        end_step()


def _send() -> None:
    bell = threading.Event()  # time.sleep is that of a node while one is in a step
    while not bell.wait(AGAIN_SECONDS):
        number = _waiting.number
        if not number:
            _waiting.has_sender = False
            return
        _waiting.is_sent_again = True
        _thread.interrupt_main(signal.Signals(number))


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Hear of what a finaliser raised."""
    if isinstance(lost.exc_value, KeyboardInterrupt):
        _waiting.number = exit_code_of(lost.exc_value) - 128
        send_again()
    else:
        _waiting.hook(lost)


class HeardSignal:
    """While it is entered in the main thread, no signal gets lost that would interrupt Python anyway."""

    def __init__(self) -> None:
        self._has_hook = self._has_handler = False

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self._has_hook = sys.unraisablehook is not _unraisable
        if self._has_hook:
            _waiting.hook, sys.unraisablehook = sys.unraisablehook, _unraisable
        self._has_handler = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._has_handler:
            signal.signal(signal.SIGINT, _stop)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._has_hook:
            sys.unraisablehook = _waiting.hook
        if self._has_handler:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._has_hook and kind is None:
            raise_waiting()


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
            _stop(number, None)
        self.exit_code = exit_code_of(Stopped(number))
