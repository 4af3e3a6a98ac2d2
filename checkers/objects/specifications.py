"""Every sequential specification that comes with the package, and what a new one needs.

| object | operations |
|---|---|
| `Register` | read, write |
| `CasRegister` | read, write, cas (old, new) |
| `MultiRegister` | txn of reads and writes, read, write |
| `VersionedRegister` | read, write, cas, with versions |
| `Mutex` | acquire, release |
| `OwnedLock`, `Semaphore` | acquire, release, by their owners |
| `Counter` | add, read |
| `Set` | add, remove, contains, read |
| `Queue`, `Stack` | enqueue, dequeue; push, pop |
| `Bag` | enqueue, dequeue, in any order |
| `AppendList`, `Text` | append, put, read; append, put, get |
| `Bank`, `Ledger` | transfer, read; pay, get_tokens |
"""

from counterpoint.checkers.objects.containers import (
    AppendList,
    Bag,
    Counter,
    Queue,
    Set,
    Stack,
    Text,
)
from counterpoint.checkers.objects.locks import Mutex, OwnedLock, Semaphore
from counterpoint.checkers.objects.registers import (
    CasRegister,
    MultiRegister,
    Register,
    VersionedRegister,
)
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Illegal,
    Role,
    Specification,
    UnknownOperation,
)
from counterpoint.checkers.objects.services import Bank, Ledger

__all__ = [
    "ILLEGAL",
    "AppendList",
    "Bag",
    "Bank",
    "CasRegister",
    "Counter",
    "Illegal",
    "Ledger",
    "MultiRegister",
    "Mutex",
    "OwnedLock",
    "Queue",
    "Register",
    "Role",
    "Semaphore",
    "Set",
    "Specification",
    "Stack",
    "Text",
    "UnknownOperation",
    "VersionedRegister",
]
