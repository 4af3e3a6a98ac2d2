"""The public names, for type checkers and editors: a test holds it to the module."""

from counterpoint.checkers.causal.check import check_causal as check_causal
from counterpoint.checkers.history import OPEN as OPEN
from counterpoint.checkers.history import UNKNOWN as UNKNOWN
from counterpoint.checkers.history import History as History
from counterpoint.checkers.history import MalformedHistory as MalformedHistory
from counterpoint.checkers.history import Operation as Operation
from counterpoint.checkers.history import by_key as by_key
from counterpoint.checkers.linearizability.check import (
    check_linearizability as check_linearizability,
)
from counterpoint.checkers.liveness import check_liveness as check_liveness
from counterpoint.checkers.objects.containers import AppendList as AppendList
from counterpoint.checkers.objects.containers import Bag as Bag
from counterpoint.checkers.objects.containers import Counter as Counter
from counterpoint.checkers.objects.containers import Queue as Queue
from counterpoint.checkers.objects.containers import Set as Set
from counterpoint.checkers.objects.containers import Stack as Stack
from counterpoint.checkers.objects.locks import Mutex as Mutex
from counterpoint.checkers.objects.locks import OwnedLock as OwnedLock
from counterpoint.checkers.objects.locks import Semaphore as Semaphore
from counterpoint.checkers.objects.registers import CasRegister as CasRegister
from counterpoint.checkers.objects.registers import Register as Register
from counterpoint.checkers.objects.sequential import ILLEGAL as ILLEGAL
from counterpoint.checkers.objects.sequential import Specification as Specification
from counterpoint.checkers.objects.sequential import UnknownOperation as UnknownOperation
from counterpoint.checkers.operations import Seen as Seen
from counterpoint.checkers.operations import operations_of as operations_of
from counterpoint.checkers.register.check import check_register as check_register
from counterpoint.checkers.register.single_writer import check_no_inversion as check_no_inversion
from counterpoint.checkers.register.single_writer import check_regular as check_regular
from counterpoint.checkers.register.single_writer import check_safe as check_safe
from counterpoint.checkers.sequential_consistency import (
    check_sequential_consistency as check_sequential_consistency,
)
from counterpoint.checkers.sessions.check import check_sessions as check_sessions
from counterpoint.checkers.transactions.check import check_transactions as check_transactions
from counterpoint.model.verdict import Outcome as Outcome
from counterpoint.model.verdict import Verdict as Verdict

__all__: list[str]
