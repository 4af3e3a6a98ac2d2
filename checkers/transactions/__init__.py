"""Isolation of transactions: the weak levels, snapshots, serializability, and lists as witnesses."""

from counterpoint.checkers.transactions.check import check_transactions

__all__ = ["check_transactions"]
