"""Columnar levels: exhaustive search with numpy, a level of states at a time.

**The shape of the search.** Breadth first, the states at depth d + 1 are the successors of those at
depth d, without those that were there before. All states of a level can be expanded at once, since
none needs another: so a level is one array, and each step of the algorithm is one operation on arrays.
Python is left before the inner loop, and numpy lets go of the interpreter, so that threads share the
work (decision 7).

**States.** A state is a few small numbers (see `model.search.engine`), packed into one or more 64-bit
words: `packing`. A field widens when its numbers do; fields keep their order, so what was sorted stays
sorted. Nothing is hashed, so no two states are ever taken for one, unlike in hash compaction (Stern and
Dill, CHARME 1995).

**Slots** are numbered by node, `slot_columns`. What can happen in many of them is worked out at once:
`moves_at_once`, with the canonical forms of `filing`.

**Expansion.** For each place the rows of a table say what can happen in a slot: `columns`. The rows of
all states are gathered by one look-up, the fields that change are replaced, and the messages sent to
other nodes change their slots by tables of pairs, `pairs`: `expander`. Pairs that no table knows are
asked afterwards, by one thread and in a fixed order, so that numbers do not depend on how many threads
there are.

**Symmetry.** Before they are compared, successors get the names of their representatives: `orbits` sorts
interchangeable nodes by how they look, `looks`, in tables of exchanged neighbours.

**Duplicates** are detected late, as in delayed duplicate detection (Stern and Dill, CAV 1998; Korf, AAAI
2004): successors are sorted, equal neighbours dropped, and what the
levels before have is subtracted by merging: `sets`, `level`. Large arrays are cut by ranges of values,
so that each part is sorted within the cache.

**Where states are.** In memory, `held`, or on disk, `stored`: there successors are spilled as sorted
sets and merged range by range. `stored_set` is one such set, `folder` says which of them count.

**Liveness.** `endings` lets the faults stop everywhere, and hands the circles that are left to
`exploration.lasso`.

**Counterexamples.** A state does not know its parent, which would cost a column; `way_back` expands the
level above again, once, until it meets the state. The levels are breadth first, so the run is one of the
shortest.

**Stopping and going on.** A level is finished or was never begun: `established`. `checkpoint` saves the
levels and the journal of questions that the tables were asked; the same questions in the same order
give the same numbers.

**How it is tested.** The plain search of `model.search.exploration`, state by state with a dictionary,
must count the same states, transitions, depths and ends.
"""
