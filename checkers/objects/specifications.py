"""Every sequential specification that comes with the package, and what a new one needs.

| object | operations |
|---|---|
| `Register` | read, write |
| `CasRegister` | read, write, cas (old, new) |
| `MultiRegister` | txn of reads and writes, read, write |
| `Mutex` | acquire, release |
| `Counter` | add, read |
| `Set` | add, remove, contains, read |
| `Queue`, `Stack` | enqueue, dequeue; push, pop |
| `AppendList`, `Text` | append, put, read; append, put, get |
| `Bank`, `Ledger` | transfer, read; pay, get_tokens |
"""

from counterpoint.checkers.objects.accounts import Bank, Ledger
from counterpoint.checkers.objects.containers import (
    AppendList,
    Counter,
    Mutex,
    Queue,
    Set,
    Stack,
    Text,
)
from counterpoint.checkers.objects.registers import CasRegister, MultiRegister, Register
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Illegal,
    Role,
    Specification,
    UnknownOperation,
)

__all__ = [
    "ILLEGAL",
    "AppendList",
    "Bank",
    "CasRegister",
    "Counter",
    "Illegal",
    "Ledger",
    "MultiRegister",
    "Mutex",
    "Queue",
    "Register",
    "Role",
    "Set",
    "Specification",
    "Stack",
    "Text",
    "UnknownOperation",
]
