"""The access configuration: what it says, and how it complains."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoint.impl.register.access import (
    DEMO,
    AccessError,
    Address,
    Token,
    load_access,
    parse_access,
)

GOOD = """\
- token: 1
  writer: 127.0.0.1:50051
  readers: [127.0.0.1:50051, 127.0.0.1:50052]
- token: 2
  writer: 127.0.0.1:50053
  readers:
    - 127.0.0.1:50051
"""


def test_the_demo_configuration_is_the_documented_one() -> None:
    access = load_access(DEMO)
    assert [(t.id, t.writer, t.readers) for t in access.tokens] == [
        (1, "s50051", ("s50051", "s50052", "s50053")),
        (2, "s50055", ("s50056", "s50057", "s50058", "s50059", "s50060")),
        (3, "s50051", ("s50051", "s50052", "s50053", "s50054", "s50055")),
        (4, "s50052", ("s50053", "s50054", "s50055")),
    ]
    assert dict(access.addresses)["s50060"] == Address("127.0.0.1", 50060)
    assert access.servers == tuple(f"s{port}" for port in range(50051, 50061))


def test_a_writer_need_not_be_a_reader() -> None:
    access = parse_access(GOOD)
    assert access.may_write("s50053", 2)
    assert not access.may_read("s50053", 2)
    assert not access.may_write("s50051", 2)
    assert not access.may_write("s50053", 3), "nobody may write a token that is not there"


def test_a_part_keeps_the_servers_of_its_tokens() -> None:
    part = parse_access(GOOD).only(2)
    assert part.tokens == (Token(2, "s50053", ("s50051",)),)
    assert part.servers == ("s50051", "s50053")
    with pytest.raises(ValueError, match=r"^the configuration has no token 3; it has: 1, 2$"):
        parse_access(GOOD).only(1, 3)


def test_servers_on_several_hosts_are_called_by_their_whole_address() -> None:
    access = parse_access("- {token: 0, writer: 'A.example:80', readers: ['[::1]:80']}")
    assert access.servers == ("[::1]:80", "a.example:80")


def entry(*lines: str) -> str:
    """The text of a first good entry on lines 1 to 3, and a second one with these lines from 4 on."""
    good = GOOD.splitlines()[:3]
    return "\n".join([*good, *(("- " if n == 0 else "  ") + line for n, line in enumerate(lines))])


TOKEN, WRITER, READERS = "token: 2", "writer: h:1", "readers: [h:2, h:3]"

ERRORS = [
    pytest.param("", ":1: is empty; give a list of entries with", id="empty"),
    pytest.param("- [", ":1: is no valid YAML: ", id="no YAML"),
    pytest.param("a: 1\n b: 2", ":2: is no valid YAML: ", id="no YAML, second line"),
    pytest.param("- a\n---\n- b", ":2: is no valid YAML: ", id="two documents"),
    pytest.param("\0", ":1: is no valid YAML: ", id="no text"),
    pytest.param("[" * 1_000, ":1: is nested too deeply", id="nested"),
    pytest.param("token: 1", ":1: must be a list of entries with", id="no list"),
    pytest.param("[]", ":1: must be a list of entries with", id="empty list"),
    pytest.param("- 1", ":1: an entry must be a mapping with", id="entry is no mapping"),
    pytest.param(entry(WRITER, READERS), ":4: 'token' is missing; give an unsigned", id="no token"),
    pytest.param(
        entry("token: -1", WRITER, READERS), ":4: '-1' is no token id; give an", id="negative token"
    ),
    pytest.param(
        entry(WRITER, "token: abc", READERS), ":5: 'abc' is no token id; give", id="named token"
    ),
    pytest.param(
        entry(f"token: {2**64}", WRITER, READERS), f":4: '{2**64}' is no token id", id="huge token"
    ),
    pytest.param(
        entry("token: 1", WRITER, READERS),
        ":4: token 1: is given twice: it was first given on line 1; give each token once",
        id="token twice",
    ),
    pytest.param(
        entry("token: 01", WRITER, READERS), ":4: token 1: is given twice", id="token twice, as 01"
    ),
    pytest.param(
        entry(TOKEN, READERS),
        ":4: token 2: 'writer' is missing; give one host:port, as in 'writer: 127.0.0.1:50051'",
        id="no writer",
    ),
    pytest.param(
        entry(TOKEN, "writer:", READERS),
        ":5: token 2: writer empty is no address; an address is host:port",
        id="empty writer",
    ),
    pytest.param(
        entry(TOKEN, "writer: here", READERS),
        ":5: token 2: writer 'here' is no address; an address is host:port, such as",
        id="writer without port",
    ),
    pytest.param(
        entry(TOKEN, "writer: h:65536", READERS), ":5: token 2: writer 'h:65536' is", id="port high"
    ),
    pytest.param(
        entry(TOKEN, "writer: h:0", READERS), ":5: token 2: writer 'h:0' is no", id="port zero"
    ),
    pytest.param(
        entry(TOKEN, "writer: 'a b:1'", READERS), ":5: token 2: writer 'a b:1' is", id="bad host"
    ),
    pytest.param(
        entry(TOKEN, "writer: [h:1, h:2]", READERS),
        ":5: token 2: a token has one writer, not a list; give one host:port",
        id="two writers",
    ),
    pytest.param(
        entry(TOKEN, WRITER, "writer: h:4", READERS),
        ":6: token 2: 'writer' is given twice; give it once",
        id="writer twice",
    ),
    pytest.param(
        entry(TOKEN, WRITER),
        ":4: token 2: 'readers' is missing; give a list of at least one host:port",
        id="no readers",
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers:"), ":6: token 2: 'readers' is empty; give", id="null readers"
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers: []"), ":6: token 2: 'readers' is an empty", id="0 readers"
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers: h:2"), ":6: token 2: 'readers' is 'h:2'", id="no list"
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers: {h: 2}"), ":6: token 2: 'readers' is a mapp", id="mapping"
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers:", "  - h:2", "  - h2"),
        ":8: token 2: reader 'h2' is no address",
        id="bad reader",
    ),
    pytest.param(
        entry(TOKEN, WRITER, "readers:", "  - h:2", "  - H:02"),
        ":8: token 2: reader h:2 is given twice; give it once",
        id="reader twice",
    ),
    pytest.param(
        entry(TOKEN, WRITER, READERS, READERS),
        ":7: token 2: 'readers' is given twice; give it once",
        id="readers twice",
    ),
    pytest.param(
        entry(TOKEN, "writters: h:1", READERS),
        ":5: token 2: 'writters' is not known; give 'token', 'writer' and 'readers'",
        id="unknown key",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), ERRORS)
def test_an_error_names_file_line_token_and_remedy(text: str, complaint: str) -> None:
    with pytest.raises(AccessError) as raised:
        parse_access(text, "who.yaml")
    assert str(raised.value).startswith(f"who.yaml{complaint}")


def test_an_error_carries_its_place() -> None:
    with pytest.raises(AccessError) as raised:
        parse_access(entry(TOKEN, READERS), "who.yaml")
    assert (raised.value.path, raised.value.line, raised.value.token) == ("who.yaml", 4, "2")


def test_a_file_that_cannot_be_read_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match=r"none\.yaml:1: cannot be read: No such file"):
        load_access(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"- \xe9")
    with pytest.raises(AccessError, match=r"latin\.yaml:1: is not text in UTF-8$"):
        load_access(tmp_path / "latin.yaml")
