# mypy: ignore-errors
# It runs in programs of others, under whichever Python they have, and replaces what is typed otherwise.
"""Loaded by Python itself before a program that runs as a node: its clock and its chance are ours.

Time stands still until the runner lets it pass, and then it is the earliest moment for which the
program waits. Chance comes from a seed, so that the same inputs give the same outputs.
"""

import os


def _begin(clock_fd, seed):
    import heapq
    import random
    import time
    from _thread import allocate_lock, start_new_thread

    class Clock:
        """The time, and who waits for it."""

        def __init__(self):
            self.now = 1_700_000_000.0
            self.guard = allocate_lock()
            self.waiting = []
            self.count = 0
            self.told = b"0"

        def arm(self, seconds, wake):
            """Call `wake` when so many seconds have passed."""
            with self.guard:
                self.count += 1
                entry = (self.now + seconds, self.count, wake)
                heapq.heappush(self.waiting, entry)
                self.tell()
            return entry

        def disarm(self, entry):
            """Do not call it any more."""
            with self.guard:
                if entry in self.waiting:
                    self.waiting.remove(entry)
                    heapq.heapify(self.waiting)
                    self.tell()

        def tell(self):
            """Say whether anybody waits, if that has changed."""
            state = b"1" if self.waiting else b"0"
            if state != self.told:
                self.told = state
                os.write(clock_fd, state)

        def follow(self):
            """Let time pass whenever the runner says so."""
            while os.read(clock_fd, 1):
                with self.guard:
                    wake = None
                    if self.waiting:
                        at, _, wake = heapq.heappop(self.waiting)
                        self.now = max(self.now, at)
                        self.tell()
                if wake is not None:
                    wake()

    clock = Clock()
    start = clock.now

    def sleep(seconds):
        if seconds <= 0:
            return
        gate = allocate_lock()
        gate.acquire()
        clock.arm(seconds, gate.release)
        gate.acquire()

    time.sleep = sleep
    time.time = lambda: clock.now
    time.time_ns = lambda: int(clock.now * 1e9)
    for name in ("monotonic", "perf_counter"):
        setattr(time, name, lambda: clock.now - start)
        setattr(time, f"{name}_ns", lambda: int((clock.now - start) * 1e9))

    lots = random.Random(seed)
    os.urandom = random._urandom = lambda size: lots.getrandbits(8 * size).to_bytes(size, "little")
    random.seed(f"{seed} random")

    import selectors
    import threading

    def wait(self, timeout=None, _wait=threading.Condition.wait):
        """As the original does, but by our clock."""
        if timeout is None or timeout <= 0:
            return _wait(self, timeout)
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        waiter = allocate_lock()
        waiter.acquire()
        self._waiters.append(waiter)
        late = []

        def wake():
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                late.append(True)
                waiter.release()

        saved = self._release_save()
        entry = clock.arm(timeout, wake)
        try:
            waiter.acquire()
        finally:
            clock.disarm(entry)
            self._acquire_restore(saved)
        return not late

    threading.Condition.wait = wait

    def select(self, timeout=None, _select=selectors.DefaultSelector.select):
        """As the original does, but by our clock."""
        if timeout is None or timeout <= 0:
            return _select(self, timeout)
        if not hasattr(self, "_clock_pipe"):
            self._clock_pipe = os.pipe()
            os.set_blocking(self._clock_pipe[0], False)
            self._selector.register(self._clock_pipe[0], 1)  # readable; known to nobody else
        entry = clock.arm(timeout, lambda: os.write(self._clock_pipe[1], b"x"))
        try:
            return _select(self, None)
        finally:
            clock.disarm(entry)
            try:  # noqa: SIM105 - a module less to load, before every program
                os.read(self._clock_pipe[0], 100)
            except BlockingIOError:
                pass

    if hasattr(selectors, "EpollSelector"):
        selectors.EpollSelector.select = select
    start_new_thread(clock.follow, ())


if "COUNTERPOINT_CLOCK" in os.environ:
    _begin(int(os.environ.pop("COUNTERPOINT_CLOCK")), os.environ.pop("COUNTERPOINT_SEED", ""))
