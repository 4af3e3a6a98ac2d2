"""Isolation of transactions: the weak levels, snapshots, serializability, and lists as witnesses."""
