"""The public names, for type checkers and editors: a test holds it to `__init__.py`."""

from counterpoint.aio.escapes import Escaped as Escaped
from counterpoint.aio.given_node import AsyncCall as AsyncCall
from counterpoint.aio.given_node import Node as Node
from counterpoint.aio.real import RealRun as RealRun
from counterpoint.aio.real import run as run
from counterpoint.aio.scenarios import scenario as scenario

__all__: list[str]
