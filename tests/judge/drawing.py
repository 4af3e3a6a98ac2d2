"""Drawing a small system: every choice comes from one source of randomness.

`systems()` is a Hypothesis strategy; given a seeded `random.Random`, `drawn` makes the same kind of
system a hundred times sooner. Most systems are finite, as the answer to a message is a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.judge.claims import DOWN
from tests.judge.systems import DETECTORS, Drawn, Given, Rule, Wanted

T = TypeVar("T")

OPERATIONS = ("x", "y")
BODIES = ("p", "q", "r", "s")
TIMERS = ("t", "u")
RESULTS = ("0", "1")
NOTES = ("m", "n")
DURABLES = ("0", "1")
MESSAGE_FAULTS = ("drop", "duplicate", "reorder", "delay", "omit", "garble")
OTHER_FAULTS = ("crash", "cut", "transform", "tear", "poke", "jolt", "isolate", "fire")


def systems() -> st.SearchStrategy[Drawn]:
    """Return the strategy that draws whole small systems."""
    return st.randoms(use_true_random=False).map(drawn)


def drawn(random: Random) -> Drawn:
    """Return a small system."""
    return _Drawing(random).system()


@dataclass
class _Drawing:
    random: Random

    # What is drawn again and again.

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, options: Sequence[T]) -> T:
        return options[self.random.randrange(len(options))]

    def some(self, options: Sequence[T], percent: int = 50) -> tuple[T, ...]:
        return tuple(option for option in options if self.chance(percent))

    def few(self, options: Sequence[T], counts: Sequence[int]) -> tuple[T, ...]:
        """Return so many different options, in their order; how many is drawn, too."""
        count = min(self.pick(counts), len(options))
        chosen = self.random.sample(range(len(options)), count)
        return tuple(options[k] for k in sorted(chosen))

    # The system.

    def system(self) -> Drawn:
        self.nodes = self.pick((("a", "b"), ("a", "b", "c"), ("a", "b", "c"), ("a", "b", "c", "d")))
        self.group: tuple[str, ...] = ()
        if self.chance(25):
            self.group = self.nodes[: self.pick((2, len(self.nodes)))]
        self.moods = range(self.pick((2, 2, 3, 4)))
        self.bodies = BODIES[: self.pick((2, 2, 3, 4))]
        self.is_falling = self.chance(85)
        self.is_rough = self.chance(8)
        self.has_names = self.chance(20)
        self.more = (*(["peers"] * 2 * bool(self.group)), *(["heard"] * self.has_names))
        self.whos = (
            *(n for n in self.nodes if n not in self.group),
            *(["group"] * bool(self.group)),
        )
        self.is_dialogue = self.chance(30)
        calls = self._calls()
        detector = self._detector() if self.chance(15) else ""
        limits = self._limits()
        if detector:
            limits += (("crash", 1, None),) * ("crash" not in {k for k, _, _ in limits})
            limits += (("suspect", self.pick((1, 2)), self.pick((None, 1))),) * self.chance(60)
        kinds = {kind for kind, _, _ in limits}
        own = tuple(kind for kind in ("garble", "poke", "jolt", "isolate") if kind in kinds)
        fails = self._whole(self.some(self.nodes, 70))
        self.server = self.pick([n for n in self.nodes if n not in self.group] or ["peers"])
        depends_on = self._whole(self.some(self.nodes, 30)) if self.chance(60) else ()
        if self.is_dialogue and self.server in self.nodes and self.chance(80):
            depends_on = (self.server,)
        return Drawn(
            nodes=self.nodes,
            group=self.group,
            rules=tuple(self._rules(kinds, {op for _, ops in calls for op in ops}, detector)),
            calls=calls,
            in_order=self.chance(70),
            network=self.pick(("unordered", "unordered", "ordered")),
            limits=limits,
            faults_max=self.pick((None, None, 1, 1, 1, 2, 2, 0)),
            fails=fails,
            fails_max=self.pick((1, 1, 2)) if fails else 0,
            leader_fails=self.chance(70),
            partitions=self._partitions() if "cut" in kinds else (),
            depends_on=depends_on,
            roles=self.few(self.moods, (1,)) if "transform" in kinds or self.chance(15) else (),
            actions=self._actions(kinds) if self.chance(20) else (),
            detector=detector,
            own=(*own, *(["rejoin"] * ("isolate" in own and self.chance(70)))),
            **self._claims(),
        )

    def _whole(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the nodes with all or none of a group among them."""
        if not set(chosen) & set(self.group):
            return chosen
        return tuple(n for n in self.nodes if n in chosen or n in self.group)

    def _calls(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        others = [n for n in self.nodes if n not in self.group]
        if self.group and (not others or self.chance(50)):
            operations = self.few(OPERATIONS, (1,))
            return tuple((n, operations) for n in self.group[:3])
        clients = self.few(others, (1, 1, 2))
        return tuple(
            (n, tuple(self.pick(OPERATIONS) for _ in range(self.pick((1, 1, 2))))) for n in clients
        )

    def _limits(self) -> tuple[tuple[str, int, int | None], ...]:
        kinds = self.few((*MESSAGE_FAULTS, *OTHER_FAULTS), (0, 1, 1, 2, 2, 3))
        counts, bounds = (1, 1, 1, 1, 2, 2, 2, 0), (None, None, None, None, 1, 1, 1, 0)
        return tuple((k, self.pick(counts), self.pick(bounds)) for k in kinds)

    def _detector(self) -> str:
        named = [name for name in DETECTORS if name and not set(name.split()) & set(self.group)]
        return self.pick(named)

    def _partitions(self) -> tuple[tuple[str, ...], ...]:
        if self.group:
            return (self.group,) if self.chance(50) else tuple((n,) for n in self.group)
        sides = [self.few(self.nodes, (1, 1, 2)) for _ in range(self.pick((1, 2)))]
        return tuple(dict.fromkeys(sides))

    def _actions(self, kinds: set[str]) -> tuple[str, ...]:
        undoing = ("release", "mend", "restart", "heal", "trust")
        free = ("deliver", "call", "fire", "drop", "detect", *undoing)
        left_out = self.few(free, (1, 1, 2))
        if self.chance(80):
            left_out = tuple(k for k in left_out if k not in ("deliver", "call"))
        every = (*free, *MESSAGE_FAULTS[1:5], *OTHER_FAULTS[:4], "suspect")
        return tuple(k for k in every if k in kinds or k not in left_out)

    # Its rules.

    def _rules(self, kinds: set[str], operations: set[str], detector: str) -> list[Rule]:
        percent = self.pick((35, 50, 70)) if not self.is_dialogue else 95
        self.is_stubborn = self.chance(30)
        givens: list[tuple[Given, int]] = [(("start",), 15)]
        givens += [(("invoke", op), 95) for op in OPERATIONS if op in operations]
        givens += [(("receive", body), percent) for body in self.bodies]
        givens += [(("timeout", timer), 60) for timer in TIMERS]
        if kinds & {"crash", "tear"}:
            givens += [(("recover", value), 60) for value in (*DURABLES, "None")]
        if "transform" in kinds:
            givens.append((("role",), 70))
        if kinds & {"poke", "jolt"}:
            givens.append((("timeout", "poke"), 70))
        if detector:
            told = [n if n not in self.group else "group" for n in self.nodes]
            givens += [(("suspect", n), 80) for n in dict.fromkeys(told)]
            givens += [(("trust", n), 60) for n in dict.fromkeys(told)]
        if "garble" in kinds:
            givens.append((("receive", "garbled"), 50))
        rules = [
            self._rule(who, mood, given)
            for who in self.whos
            for mood in self.moods
            for given, likely in givens
            if self.chance(likely) and (mood == 0 or given != ("start",))
        ]
        return [self._said(rule) for rule in rules] if self.is_dialogue else rules

    def _said(self, rule: Rule) -> Rule:
        """Make a rule part of a dialogue: a call asks a server, who answers, perhaps asked again."""
        again = ("set", "t")
        match rule.given:
            case ("invoke", _):
                effects: tuple[Wanted, ...] = (("send", self.server, "p"), again)
            case ("receive", "p"):
                effects = (("send", "sender", "q"),)
            case ("receive", "q"):
                effects = (("answer", self.pick(RESULTS)), ("cancel", "t"))
            case ("timeout", "t"):
                effects = (again,) if self.is_stubborn else (("send", self.server, "p"),)
            case _:
                return rule
        if self.chance(4):
            return rule
        return replace(rule, effects=effects, after=rule.mood if self.chance(80) else rule.after)

    def _rule(self, who: str, mood: int, given: Given) -> Rule:
        effects = [self._effect(given) for _ in range(self.pick((0, 1, 1, 1, 2, 2)))]
        if self.has_names and given[0] == "receive" and self.chance(30):
            effects.append(("hear",))
        if given[0] == "invoke" and self.chance(60):
            effects.append(self._send(given))
        if self.is_rough and self.chance(15):
            effects.append(self.pick((("raise",), ("return", "0"), ("begin", "x"))))
        return Rule(who, mood, given, self.pick(self.moods), tuple(e for e in effects if e))

    def _effect(self, given: Given) -> Wanted:
        match self.random.randrange(14):
            case 0 | 1:
                return ("set", self.pick(TIMERS))
            case 2:
                return ("cancel", self.pick(TIMERS))
            case 3:
                return ("persist", self.pick(DURABLES))
            case 4:
                return ("note", self.pick(NOTES))
            case 5 | 6 | 7:
                return ("answer", self.pick(RESULTS))
            case 8:
                return ("ask", "z") if self.chance(20) else ()
            case _:
                return self._send(given)

    def _send(self, given: Given) -> Wanted:
        bodies: Sequence[str] = self.bodies
        if self.is_falling and given[0] == "receive":
            bodies = bodies[bodies.index(given[1]) + 1 :] if given[1] in bodies else ()
        if not bodies:
            return ()
        names = [n for n in self.nodes if n not in self.group]
        to = self.pick((*names, *names, "sender", "self", *self.more))
        return ("tell" if self.has_names and self.chance(40) else "send", to, self.pick(bodies))

    # What must hold.

    def _claims(self) -> dict[str, Any]:
        invariants = tuple(self._invariant() for _ in range(self.pick((0, 1, 1, 2))))
        properties = [self._property() for _ in range(self.pick((0, 1, 1)) if invariants else 1)]
        if self.chance(85 if self.is_dialogue else 25):
            properties.append(("liveness", self.pick(("again", "once"))))
        if self.chance(15):
            names = [n for n in self.nodes if n not in self.group] or ["any"]
            properties.append(("rest", self.pick(names), str(self.pick(self.moods))))
        goals = tuple(self._goal() for _ in range(self.pick((0, 0, 1))))
        return {
            "invariants": tuple(dict.fromkeys(invariants)),
            "properties": tuple(dict.fromkeys(properties)),
            "goals": tuple(dict.fromkeys(goals)),
        }

    def _invariant(self) -> tuple[tuple[str, int], ...]:
        names = [n for n in self.nodes if n not in self.group] or ["any"]
        chosen = self.few(names, (1, 2, 2))
        if self.group and self.chance(50):
            chosen = (*chosen, "any")
        moods = (*self.moods, *([DOWN] * self.chance(30)))
        return tuple((n, self.pick(moods)) for n in dict.fromkeys(chosen))

    def _property(self) -> tuple[str, ...]:
        how = self.pick(("observed", "observed", "history"))
        match self.random.randrange(4):
            case 0:
                return (how, "never", "return", self.pick(RESULTS))
            case 1:
                return (how, "never", "note", self.pick(NOTES))
            case 2:
                return (how, "again", self.pick(NOTES))
            case _:
                return (how, "after", self.pick(RESULTS), self.pick(RESULTS))

    def _goal(self) -> tuple[str, ...]:
        if self.chance(50):
            return ("message", self.pick(self.bodies))
        names = [n for n in self.nodes if n not in self.group] or ["any"]
        return ("mood", self.pick(names), str(self.pick(self.moods)))
