"""The sequential specifications behind the models, where one is known."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType

from counterpoint.checkers.history import History
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.services import EtcdStore
from counterpoint.checkers.objects.specifications import (
    AppendList,
    Bag,
    Bank,
    CasRegister,
    Counter,
    MultiRegister,
    Mutex,
    OwnedLock,
    Queue,
    Register,
    Semaphore,
    Set,
    Stack,
    Text,
    VersionedRegister,
)
from counterpoint.harness.checking.forms import CannotCheck, first_balances
from counterpoint.harness.checking.models import Model


def specification_of(model: Model, history: History, initial: Hashable) -> Specification:
    """Make the specification that a history of the model is judged by.

    Raises:
        CannotCheck: none is known, or it cannot begin with that value.
    """
    specify = model.specify or SPECIFY.get(model.name)
    if specify is None:
        raise CannotCheck(f"{model.name} has no sequential specification to linearize")
    return specify(history, initial)


def _bank(history: History, _initial: Hashable) -> Specification:
    """Allow overdrafts: a bank that refuses them answers "fail"."""
    return Bank(first_balances(history), overdraft=True)


def _semaphore(_history: History, initial: Hashable) -> Specification:
    if not isinstance(initial, int) or isinstance(initial, bool) or initial < 1:
        raise CannotCheck("a semaphore needs its number of permits: --initial 2")
    return Semaphore(initial)


SPECIFY: Mapping[str, Callable[[History, Hashable], Specification]] = MappingProxyType(
    {
        "register": lambda _, initial: Register(initial),
        "cas-register": lambda _, initial: CasRegister(initial),
        "multi-register": lambda _, initial: MultiRegister(initial),
        "text": lambda _, initial: Text("" if initial is None else str(initial)),
        "list": lambda *_: AppendList(),
        "mutex": lambda *_: Mutex(),
        "owned-mutex": lambda *_: OwnedLock(),
        "reentrant-mutex": lambda *_: OwnedLock(reentrant=True),
        "fenced-mutex": lambda *_: OwnedLock(fenced=True),
        "reentrant-fenced-mutex": lambda *_: OwnedLock(reentrant=True, fenced=True),
        "semaphore": _semaphore,
        "versioned-register": lambda _, initial: VersionedRegister(initial),
        "queue": lambda *_: Queue(),
        "unordered-queue": lambda *_: Bag(),
        "stack": lambda *_: Stack(),
        "counter": lambda *_: Counter(),
        "etcd": lambda *_: EtcdStore(),
        "set": lambda *_: Set(),
        "set-full": lambda *_: Set(),
        "bank": _bank,
        "rw-register": lambda _, initial: MultiRegister(initial),
    }
)
