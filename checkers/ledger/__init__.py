"""Linearizability of payments and snapshots against one ledger, by the order of versions."""

from counterpoint.checkers.ledger.check import Ledger, check_ledger

__all__ = ["Ledger", "check_ledger"]
