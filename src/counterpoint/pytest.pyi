"""The public names, for type checkers and editors: a test holds it to the module."""

from counterpoint.harness.testing import machine as machine
from counterpoint.harness.testing import state_machine_for as state_machine_for
from counterpoint.harness.testing import verify as verify
from counterpoint.model.search.failure import ExaminedNothing as ExaminedNothing
from counterpoint.model.search.failure import NothingBroke as NothingBroke
from counterpoint.model.search.failure import PropertyBroken as PropertyBroken

__all__: list[str]
