"""The public names, for type checkers and editors: a test holds it to `__init__.py`."""

from counterpoint.harness.aio.escapes import Escaped as Escaped
from counterpoint.harness.aio.given_node import AsyncCall as AsyncCall
from counterpoint.harness.aio.given_node import Node as Node
from counterpoint.harness.aio.real import RealRun as RealRun
from counterpoint.harness.aio.real import run as run
from counterpoint.harness.aio.scenarios import scenario as scenario

__all__: list[str]
