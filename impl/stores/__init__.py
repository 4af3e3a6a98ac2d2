"""Two causally consistent stores: one checks dependencies, one orders by Lamport timestamps."""
