#!/usr/bin/env node
// Transactions on lists in the linearizable store, one step after the other: others see them half done.
"use strict";
const { Node } = require("./node_of_javascript.js");
const node = new Node();

const read = async (key) => {
  const answer = await node.call("lin-kv", { type: "read", key });
  return answer.type === "read_ok" ? answer.value : null;
};

node.on("txn", async (message, body) => {
  const done = [];
  for (const [kind, key, value] of body.txn) {
    const list = await read(key);
    if (kind === "append")
      await node.call("lin-kv", { type: "write", key, value: [...(list || []), value] });
    done.push([kind, key, kind === "append" ? value : list]);
  }
  node.reply(message, { type: "txn_ok", txn: done });
});

node.run();
