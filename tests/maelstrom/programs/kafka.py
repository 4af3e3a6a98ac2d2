#!/usr/bin/env python3
"""A log of many keys: the first node has it, all others pass on what they are asked."""

from node_of_python import Node

node = Node()
logs, committed = {}, {}


def here(body):
    match body["type"]:
        case "send":
            log = logs.setdefault(body["key"], [])
            log.append(body["msg"])
            return {"type": "send_ok", "offset": len(log) - 1}
        case "poll":
            found = {
                key: [[at, what] for at, what in enumerate(logs.get(key, [])) if at >= offset]
                for key, offset in body["offsets"].items()
            }
            return {"type": "poll_ok", "msgs": found}
        case "commit_offsets":
            for key, offset in body["offsets"].items():
                committed[key] = max(committed.get(key, 0), offset)
            return {"type": "commit_offsets_ok"}
    found = {key: committed[key] for key in body["keys"] if key in committed}
    return {"type": "list_committed_offsets_ok", "offsets": found}


def ask(message, body):
    question = {key: value for key, value in body.items() if key != "msg_id"}
    if node.name == node.names[0]:
        node.reply(message, here(question))
    else:
        node.call(node.names[0], question, lambda answer: node.reply(message, answer))


for kind in ("send", "poll", "commit_offsets", "list_committed_offsets"):
    node.on(kind)(ask)
node.run()
