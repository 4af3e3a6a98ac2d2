"""What holds for every test: no Hypothesis deadline, as the machine may be busy; signals do as usual.

Where a test does not say how many examples it takes, they are as many as Hypothesis has it by day, and
more by night.
"""

from __future__ import annotations

import signal
from typing import Any

from hypothesis import settings

settings.register_profile("day", settings.default, deadline=None)
settings.register_profile("night", settings.default, deadline=None, max_examples=200)
settings.load_profile("day")

# In the background, or under nohup, some signals are ignored, by all that a test starts as well: the
# tests that send one would wait for ever.
USUAL: dict[str, Any] = {
    "SIGINT": signal.default_int_handler,
    "SIGTERM": signal.SIG_DFL,
    "SIGHUP": signal.SIG_DFL,
}
for name, usual in USUAL.items():
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
