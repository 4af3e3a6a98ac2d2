"""One small good file of each format, for the tests that treat all formats alike."""

from __future__ import annotations

import struct


def bincode_text(text: str) -> bytes:
    """Write a string as bincode does."""
    return struct.pack("<Q", len(text)) + text.encode()


def bincode_history(sessions: list[list[tuple[list[tuple[int, int, int, int]], int]]]) -> bytes:
    """Write sessions of transactions ([(write, variable, value, success)], success)."""
    parts = [struct.pack("<5Q", 7, 2, 2, 2, 2)]
    parts += [bincode_text(text) for text in ("info", "start", "end")]
    parts.append(struct.pack("<Q", len(sessions)))
    for session in sessions:
        parts.append(struct.pack("<Q", len(session)))
        for events, success in session:
            parts.append(struct.pack("<Q", len(events)))
            parts += [struct.pack("<BQQB", *event) for event in events]
            parts.append(bytes([success]))
    return b"".join(parts)


JEPSEN_LOG = """\
INFO  jepsen.core - starting
INFO  jepsen.util - 0\t:invoke\t:write\t4
INFO  jepsen.util - 1\t:invoke\t:cas\t[4 5]
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
INFO  jepsen.util - 0 :ok :write   4
INFO  jepsen.util - 1\t:fail\t:cas\t[4 5]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 2\t:info\t:read\t:timed-out
"""

JEPSEN_HISTORY = """\
0\t:invoke\t:write\t4
:nemesis\t:info\t:start-partition\t[:isolated {"n1" #{"n2"}}]
0\t:ok\t:write\t4
1\t:invoke\t:read\tnil
1\t:info\t:read\tnil\t:timeout
"""

EDN = """\
; what two clients did
[{:process 0, :type :invoke, :f :write, :value 1, :time 10}
 {:process :nemesis, :type :info, :f :start-partition}
 {:process 1, :type :invoke, :f :read, :value nil}
 #jepsen.history.Op{:process 0, :type :ok, :f :write, :value 1}
 #_ {:process 9, :type :ok}
 {:process 1, :type :ok, :f :read, :value 1}]
"""

JEPSEN_JSON = """\
[{"process": 0, "type": "invoke", "f": "txn", "value": [["append", "x", 1], ["r", "y", null]]},
 {"process": 0, "type": "ok", "f": "txn", "value": [["append", "x", 1], ["r", "y", [3]]]}]
"""

PLUME = "w(1,7,0,1)\nw(2,8,0,-1)\nr(1,7,1,2)\nr(2,0,1,2)\n"

AWDIT = "w 0 0\n=====\nr 0 0\nw 0 1\n-----\nr 0 1\n"

DBCOP_JSON = """\
{"params": {"id": 0}, "info": "generated",
 "data": [[{"events": [{"Write": {"variable": 0, "version": 1}}], "committed": true}],
          [{"events": [["r", 0, 1],
                       {"Read": {"variable": 1, "version": null}}], "committed": false}]]}
"""

DBCOP_HIST = "// writer\n[x:=1 y:=2] [x==1]!\n---\n[y==2 z==?]\n"

DBCOP_YAML = """\
- - events:
    - write:    true
      variable: 0
      value:    1
      success:  true
    success:    true
  - events:
    - write:    false
      variable: 0
      value:    1
      success:  false
    success:    true
- - events:
    - write:    true
      variable: 1
      value:    5
      success:  true
    success:    false
"""

DBCOP_BINCODE = bincode_history(
    [[([(1, 0, 1, 1), (1, 0, 2, 0)], 1)], [([(0, 0, 1, 1), (0, 1, 0, 1)], 1)]]
)

INTERVAL_JSON = """\
[{"name": "good", "ops": [["w", "a", 1, 0, 5], ["r", "b", 1, 5, 9]], "expected": {"lin": true}},
 {"name": "open", "ops": [["w", 3, 1, 0, null], ["r", 4, null, 5, 9.5]]}]
"""

SESSION_JSON = """\
[{"name": "plain", "sessions": [[["w", "x", 1], ["r", "y", 0]], [["r", "x", 1]]]},
 {"name": "transactions", "sessions": [[{"committed": true, "events": [["w", "x", 1]]}]]}]
"""

CSV = """\
client,type,f,key,value,time
alice,invoke,write,x,"[1, ""a""]",0
bob,invoke,read,x,,1.5
alice,ok,write,x,,2
bob,ok,read,x,5,2
"""

JSONL = """\
{"client": "alice", "f": "write", "key": "x", "argument": 1, "called": 0, "returned": 4}
{"client": 7, "f": "read", "key": "x", "result": 1, "called": 4, "returned": 6}
{"client": "bob", "f": "cas", "key": "x", "argument": [1, 2], "called": 5, "status": "info"}
"""

CHAOS_JSON = """\
{"action":"call","proc":0,"data":{"Op":1,"Value":15}}
{"action":"invoke_nemesis","proc":-1,"data":{"Name":"kill"}}
{"action":"return","proc":0,"data":{"Value":15,"Ok":true,"Unknown":false}}
{"action":"call","proc":1,"data":{"Op":0,"Value":0}}
{"action":"return","proc":1,"data":{"Value":15,"Ok":true,"Unknown":false}}
{"action":"dump","proc":0,"data":7}
"""

PORCUPINE_JSON = """\
{"ClientId":1,"Input":{"Type":"txn","Txn":{"Conditions":null,"OperationsOnSuccess":[{"Type":\
"put-operation","Put":{"Key":"k","Value":{"Value":"1"},"LeaseID":0}}],"OperationsOnFailure":null}},\
"Call":100,"Output":{"Txn":{"Failure":false,"Results":[{"KVs":null,"Count":0,"Deleted":0}]},\
"Revision":2},"Return":200}
{"ClientId":2,"Input":{"Type":"range","Range":{"Start":"k","End":"","Limit":0,"Revision":0}},\
"Call":300,"Output":{"Range":{"KVs":[{"Key":"k","Value":{"Value":"1"},"ModRevision":2,"Version":1}],\
"Count":1},"Revision":2},"Return":400}
"""

SAMPLES: dict[str, str | bytes] = {
    "awdit-text": AWDIT,
    "chaos-json": CHAOS_JSON,
    "csv": CSV,
    "dbcop-bincode": DBCOP_BINCODE,
    "dbcop-hist": DBCOP_HIST,
    "dbcop-json": DBCOP_JSON,
    "dbcop-yaml": DBCOP_YAML,
    "edn": EDN,
    "interval-json": INTERVAL_JSON,
    "jepsen-history": JEPSEN_HISTORY,
    "jepsen-json": JEPSEN_JSON,
    "jepsen-log": JEPSEN_LOG,
    "jsonl": JSONL,
    "plume-text": PLUME,
    "porcupine-json": PORCUPINE_JSON,
    "session-json": SESSION_JSON,
}
