"""Ctrl-C as a question that a long command answers when it can: at its next report."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self


class Interruption:
    """While it is entered, the first Ctrl-C is noted, and a second one interrupts as usual.

    An exception out of the blue can get lost in a finaliser, or leave something half done.
    """

    def __init__(self) -> None:
        self.is_asked_for = False
        self._usual: signal.Handlers | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            usual = signal.getsignal(signal.SIGINT)
            if usual is signal.default_int_handler:
                self._usual = signal.signal(signal.SIGINT, self._note)  # type: ignore[assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._usual is not None:
            signal.signal(signal.SIGINT, self._usual)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.is_asked_for:
            signal.default_int_handler(number, frame)
        self.is_asked_for = True
