"""Linearizability of payments and snapshots against one ledger, by the order of versions."""
