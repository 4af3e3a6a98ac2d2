#!/usr/bin/env node
// A counter that grows, in the sequentially consistent store: each node counts under a key of its own.
"use strict";
const { Node } = require("./node_of_javascript.js");
const node = new Node();
let own = 0;

node.on("add", async (message, body) => {
  own += body.delta;
  await node.call("seq-kv", { type: "write", key: node.name, value: own });
  node.reply(message, { type: "add_ok" });
});

node.on("read", async (message) => {
  const answers = node.names.map((name) => node.call("seq-kv", { type: "read", key: name }));
  const found = await Promise.all(answers);
  const total = found.reduce((sum, answer) => sum + (answer.type === "read_ok" ? answer.value : 0), 0);
  node.reply(message, { type: "read_ok", value: total });
});

node.run();
