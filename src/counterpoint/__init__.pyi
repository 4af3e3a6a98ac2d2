"""The public names, for type checkers and editors: a test holds it to `__init__.py`."""

from counterpoint.checkers.history import OPEN as OPEN
from counterpoint.checkers.history import UNKNOWN as UNKNOWN
from counterpoint.checkers.history import History as History
from counterpoint.checkers.history import Operation as Operation
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
from counterpoint.harness.catalog import build as build
from counterpoint.harness.claims import Map as Map
from counterpoint.harness.claims import always as always
from counterpoint.harness.claims import answers as answers
from counterpoint.harness.claims import at_most_one as at_most_one
from counterpoint.harness.claims import causally_consistent as causally_consistent
from counterpoint.harness.claims import conserved as conserved
from counterpoint.harness.claims import converges as converges
from counterpoint.harness.claims import eventually as eventually
from counterpoint.harness.claims import leads_to as leads_to
from counterpoint.harness.claims import linearizable as linearizable
from counterpoint.harness.claims import never_over as never_over
from counterpoint.harness.claims import sequentially_consistent as sequentially_consistent
from counterpoint.harness.claims import sessions as sessions
from counterpoint.harness.claims import sometimes as sometimes
from counterpoint.harness.suites import Suite as Suite
from counterpoint.harness.suites import WrongVariant as WrongVariant
from counterpoint.harness.testing import machine as machine
from counterpoint.harness.testing import state_machine_for as state_machine_for
from counterpoint.harness.testing import verify as verify
from counterpoint.model.actions import ACTIONS as ACTIONS
from counterpoint.model.actions import Settle as Settle
from counterpoint.model.actions import Transform as Transform
from counterpoint.model.claims import Goal as Goal
from counterpoint.model.claims import Invariant as Invariant
from counterpoint.model.claims import Property as Property
from counterpoint.model.determinism import NotDeterministic as NotDeterministic
from counterpoint.model.event import Event as Event
from counterpoint.model.fault_state import Budget as Budget
from counterpoint.model.fault_state import budgets as budgets
from counterpoint.model.fault_state import faults as faults
from counterpoint.model.faults import Crash as Crash
from counterpoint.model.faults import Cut as Cut
from counterpoint.model.faults import Delay as Delay
from counterpoint.model.faults import Drop as Drop
from counterpoint.model.faults import Duplicate as Duplicate
from counterpoint.model.faults import Heal as Heal
from counterpoint.model.faults import Mend as Mend
from counterpoint.model.faults import Omit as Omit
from counterpoint.model.faults import Overtake as Overtake
from counterpoint.model.faults import Release as Release
from counterpoint.model.faults import Restart as Restart
from counterpoint.model.faults import Tear as Tear
from counterpoint.model.frozen import value as value
from counterpoint.model.kind import ActionKind as ActionKind
from counterpoint.model.kind import Target as Target
from counterpoint.model.mistakes import BadScenario as BadScenario
from counterpoint.model.node import Begin as Begin
from counterpoint.model.node import CancelTimer as CancelTimer
from counterpoint.model.node import ChangeRole as ChangeRole
from counterpoint.model.node import Effect as Effect
from counterpoint.model.node import Input as Input
from counterpoint.model.node import Invoke as Invoke
from counterpoint.model.node import Note as Note
from counterpoint.model.node import Persist as Persist
from counterpoint.model.node import Receive as Receive
from counterpoint.model.node import Recover as Recover
from counterpoint.model.node import Return as Return
from counterpoint.model.node import Send as Send
from counterpoint.model.node import SetTimer as SetTimer
from counterpoint.model.node import Start as Start
from counterpoint.model.node import Step as Step
from counterpoint.model.node import System as System
from counterpoint.model.node import Timeout as Timeout
from counterpoint.model.normal import Call as Call
from counterpoint.model.normal import Deliver as Deliver
from counterpoint.model.normal import Fire as Fire
from counterpoint.model.observer import Observation as Observation
from counterpoint.model.observer import Observer as Observer
from counterpoint.model.roles import system as system
from counterpoint.model.scenario import Scenario as Scenario
from counterpoint.model.scenario import minority_of as minority_of
from counterpoint.model.search.drawing import drawn as drawn
from counterpoint.model.search.failure import ExaminedNothing as ExaminedNothing
from counterpoint.model.search.failure import NothingBroke as NothingBroke
from counterpoint.model.search.failure import PropertyBroken as PropertyBroken
from counterpoint.model.search.replay import enabled as enabled
from counterpoint.model.search.replay import judge as judge
from counterpoint.model.search.replay import run as run
from counterpoint.model.trace import Trace as Trace
from counterpoint.model.values import NodeId as NodeId
from counterpoint.model.values import NotAValue as NotAValue
from counterpoint.model.values import Value as Value
from counterpoint.model.values import show as show
from counterpoint.model.verdict import Edge as Edge
from counterpoint.model.verdict import Outcome as Outcome
from counterpoint.model.verdict import Reason as Reason
from counterpoint.model.verdict import Verdict as Verdict
from counterpoint.model.verdict import Violation as Violation
from counterpoint.model.verdict import at_step as at_step
from counterpoint.model.verdict import broken as broken
from counterpoint.model.verdict import holds as holds
from counterpoint.model.verdict import said as said
from counterpoint.model.verdict import undecided as undecided
from counterpoint.model.view import Mover as Mover
from counterpoint.model.view import View as View
from counterpoint.model.workload import Workload as Workload
from counterpoint.model.workload import workload as workload
from counterpoint.model.world import World as World

__all__ = [
    "ACTIONS",
    "ILLEGAL",
    "OPEN",
    "UNKNOWN",
    "ActionKind",
    "AppendList",
    "BadScenario",
    "Bag",
    "Begin",
    "Budget",
    "Call",
    "CancelTimer",
    "CasRegister",
    "ChangeRole",
    "Counter",
    "Crash",
    "Cut",
    "Delay",
    "Deliver",
    "Drop",
    "Duplicate",
    "Edge",
    "Effect",
    "Event",
    "ExaminedNothing",
    "Fire",
    "Goal",
    "Heal",
    "History",
    "Input",
    "Invariant",
    "Invoke",
    "Map",
    "Mend",
    "Mover",
    "Mutex",
    "NodeId",
    "NotAValue",
    "NotDeterministic",
    "Note",
    "Observation",
    "Observer",
    "Omit",
    "Operation",
    "Outcome",
    "Overtake",
    "OwnedLock",
    "Persist",
    "Property",
    "PropertyBroken",
    "Queue",
    "Reason",
    "Receive",
    "Recover",
    "Register",
    "Release",
    "Restart",
    "Return",
    "Scenario",
    "Seen",
    "Semaphore",
    "Send",
    "Set",
    "SetTimer",
    "Settle",
    "Specification",
    "Stack",
    "Start",
    "Step",
    "System",
    "Target",
    "Tear",
    "Timeout",
    "Trace",
    "Transform",
    "UnknownOperation",
    "Value",
    "Verdict",
    "View",
    "Violation",
    "Workload",
    "World",
    "always",
    "answers",
    "at_most_one",
    "at_step",
    "broken",
    "budgets",
    "build",
    "causally_consistent",
    "check_linearizability",
    "check_liveness",
    "check_register",
    "conserved",
    "converges",
    "drawn",
    "enabled",
    "eventually",
    "faults",
    "holds",
    "judge",
    "leads_to",
    "linearizable",
    "machine",
    "minority_of",
    "never_over",
    "operations_of",
    "run",
    "said",
    "sequentially_consistent",
    "sessions",
    "show",
    "sometimes",
    "state_machine_for",
    "system",
    "undecided",
    "value",
    "verify",
    "workload",
]  # fmt: skip
