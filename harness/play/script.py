"""Sessions from a script: a command a line, and what is expected of it.

# a comment
c1 pay 0 3         a command; it must not be refused
= OK               the lines of the last command contain this text
! s2 pay 7 3       a command that must be refused
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterpoint.harness.play.session import PlaySession, Reply


class WrongLine(Exception):
    """A line of a script that did otherwise than it says. Says which, and what happened."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        self.number = number
        super().__init__(f"line {number}, {line!r}: {reason}")


def follow(
    session: PlaySession, lines: Iterable[str], *, prompt: str = "> ", stops: bool = True
) -> Iterator[str]:
    """Follow a script and return what a terminal would show, commands included.

    Where it `stops` a command that is refused is the end of it, unless its line says that it must be;
    otherwise the refusal is shown, as to a person who types, and the next command is followed.

    Raises:
        WrongLine: a command was refused and should not have been, or the other way round, or its
            answer is not the expected one.
    """
    last = Reply(())
    for number, text in enumerate(lines, start=1):
        line = text.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("="):
            _expect(number, line, last)
            continue
        is_to_fail = line.startswith("!")
        command = line.removeprefix("!").strip()
        yield f"{prompt}{command}"
        last = session.execute(command)
        yield from last.lines
        if last.is_error != is_to_fail and (stops or is_to_fail):
            said = " ".join(last.lines) or "nothing"
            reason = (
                f"refused: {said}"
                if last.is_error
                else f"it was to be refused, and was not: {said}"
            )
            raise WrongLine(number, line, reason)
        if last.is_end:
            return


def _expect(number: int, line: str, last: Reply) -> None:
    wanted = line.removeprefix("=").strip()
    said = "\n".join(last.lines)
    if wanted not in said:
        raise WrongLine(number, line, f"the last command said: {said or 'nothing'}")
