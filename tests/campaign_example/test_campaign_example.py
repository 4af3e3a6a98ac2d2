"""A protocol that holds, and wrong variants that die: what a repository of a user's own looks like."""

import counterpoint as cp

test_register = cp.verify(cp.build("register"), runs=100)
test_causal_store = cp.verify(cp.build("causal_deps", scenario="partition"), runs=30)
test_a_read_that_writes_nothing_back = cp.verify(
    cp.build("register", mutant="B1"), runs=3_000, expect="no new/old inversion"
)
