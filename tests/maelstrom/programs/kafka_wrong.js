#!/usr/bin/env node
// A log in the linearizable store, whose next offset is read, and then written: two may get the same.
"use strict";
const { Node } = require("./node_of_javascript.js");
const node = new Node();

const value = async (key, otherwise) => {
  const answer = await node.call("lin-kv", { type: "read", key });
  return answer.type === "read_ok" ? answer.value : otherwise;
};

node.on("send", async (message, body) => {
  const offset = await value(`next ${body.key}`, 0);
  await node.call("lin-kv", { type: "write", key: `next ${body.key}`, value: offset + 1 });
  await node.call("lin-kv", { type: "write", key: `${body.key} ${offset}`, value: body.msg });
  node.reply(message, { type: "send_ok", offset });
});

node.on("poll", async (message, body) => {
  const msgs = {};
  for (const [key, from] of Object.entries(body.offsets)) {
    msgs[key] = [];
    for (let offset = from; ; offset++) {
      const found = await value(`${key} ${offset}`, null);
      if (found === null) break;
      msgs[key].push([offset, found]);
    }
  }
  node.reply(message, { type: "poll_ok", msgs });
});

node.on("commit_offsets", async (message, body) => {
  for (const [key, offset] of Object.entries(body.offsets))
    await node.call("lin-kv", { type: "write", key: `committed ${key}`, value: offset });
  node.reply(message, { type: "commit_offsets_ok" });
});

node.on("list_committed_offsets", async (message, body) => {
  const offsets = {};
  for (const key of body.keys) {
    const found = await value(`committed ${key}`, null);
    if (found !== null) offsets[key] = found;
  }
  node.reply(message, { type: "list_committed_offsets_ok", offsets });
});

node.run();
