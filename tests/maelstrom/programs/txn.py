#!/usr/bin/env python3
"""Transactions on lists: the first node carries them out, all others pass them on."""

from node_of_python import Node

node = Node()
lists = {}


def here(body):
    done = []
    for kind, key, value in body["txn"]:
        if kind == "append":
            lists.setdefault(key, []).append(value)
            done.append([kind, key, value])
        else:
            done.append([kind, key, list(lists[key]) if key in lists else None])
    return {"type": "txn_ok", "txn": done}


@node.on("txn")
def txn(message, body):
    question = {key: value for key, value in body.items() if key != "msg_id"}
    if node.name == node.names[0]:
        node.reply(message, here(question))
    else:
        node.call(node.names[0], question, lambda answer: node.reply(message, answer))


node.run()
