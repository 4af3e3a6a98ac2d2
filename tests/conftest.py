"""What holds for every test: no Hypothesis deadline, as the machine may be busy; signals do as usual.

There are as many examples as Hypothesis has it by day, and ten times as many by night; so it is where
a test says how many it takes by day, if it does so by `tests.support.nights.examples`.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from hypothesis import settings

settings.register_profile("day", settings.default, deadline=None)
settings.register_profile("night", settings.default, deadline=None, max_examples=1000)
settings.load_profile("day")

# Reports are as wide as a shell says that its terminal is; those of tests are of one width.
os.environ.pop("COLUMNS", None)

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
