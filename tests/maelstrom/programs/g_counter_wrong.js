#!/usr/bin/env node
// A counter under one key, read and then written: whoever writes in between has counted for nothing.
"use strict";
const { Node } = require("./node_of_javascript.js");
const node = new Node();

const value = async () => {
  const answer = await node.call("seq-kv", { type: "read", key: "counter" });
  return answer.type === "read_ok" ? answer.value : 0;
};

node.on("add", async (message, body) => {
  const total = (await value()) + body.delta;
  await node.call("seq-kv", { type: "write", key: "counter", value: total });
  node.reply(message, { type: "add_ok" });
});

node.on("read", async (message) => {
  node.reply(message, { type: "read_ok", value: await value() });
});

node.run();
