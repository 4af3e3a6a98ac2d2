"""Interned tables: how a scenario is run fast without meaning anything else.

**The function.** A step of a run is `react(node, node state, input) -> node state, effects`, and nothing
else about the world matters to it. A pure function of few distinct arguments is a table. In a run of
some hundred steps most pairs have been met before, and in an exploration nearly all: a great many
global states are put together from few states of single nodes.

**Interning.** So each distinct node state, message and observation gets a small number when it is first
met (hash-consing: Ershov 1958; Filliâtre and Conchon, ML Workshop 2006). A step is then a look-up by a
pair of numbers, comparing two states is comparing numbers, and a handler runs once for each pair. The
numbers depend on the order of the questions and mean nothing outside of one table; whatever leaves the
engine is a list of choices, from which worlds tell the whole story again.

**Three levels**, each a table over the one below:

- `transition_tables`: (node state, input) -> node state, messages sent, what is observed. Walks run on
  it, in place: `simulation`, `in_place`.
- `effects`: what an action does to all but its own inbox is the same for all slots of a node state.
- `slots`: a slot is a node state with its inbox; (slot, fault state) -> what can happen there, and
  (slot, message batch) -> the slot with the messages. A global state is one slot a node, a fault state
  and an observer state: a few small numbers, as in the collapse compression of SPIN (Holzmann, SPIN
  Workshop 1997). A step of an exploration is two or three look-ups.

**When it is sound.** An action must depend on its place alone: the node, the messages addressed to it,
the fault state. Kinds of action promise that by the words that they act in (`model.view`), and
`slots` refuses one that changes more. Handlers must be functions: some calls are made twice, and one
that answers otherwise is reported (`model.determinism`). Values must be equal when they are the same:
`model.values` refuses what is not.

**What may be forgotten.** A dead message can change nothing any more; `dead_messages` bounds, before
anything is explored, which node states there can ever be, and forgets a message that all of them ignore.

**How it is tested.** Every level has its twin in worlds: random runs are compared after every step, and
small scenarios are explored by both.
"""
