"""adder holds, and its tests notice what is wrong on purpose."""

from __future__ import annotations

import counterpoint as cp
from counterpoint.harness.starting.adder import HASTY, SCENARIO

test_it_holds = cp.verify(SCENARIO)
test_hasty_dies = cp.verify(SCENARIO.replace(system=HASTY), expect="linearizability")
