// The picture of a history: one lane for each client, one bar for each call, drawn on a canvas.
// Text from the history reaches the page through textContent and fillText alone.

const packed = Uint8Array.from(atob(document.getElementById("history").textContent), c => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
const data = JSON.parse(await new Response(stream).text());

const $ = id => document.getElementById(id);
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
};

// ---- the history in columns of numbers

const count = data.client.length;
const called = new Float64Array(count), returned = new Float64Array(count);
let at = 0, end = 0;
for (let i = 0; i < count; i++) {
  at += data.step[i];
  called[i] = at;
  returned[i] = data.long[i] < 0 ? Infinity : at + data.long[i];
  end = Math.max(end, at + 1, data.long[i] < 0 ? 0 : returned[i]);
}
for (const [, until] of data.periods) end = Math.max(end, until);
const nameOf = i => data.ids.length ? data.ids[i] : `o${i + 1}`;
const core = new Set(data.culprits);
const textOf = i => {
  const said = data.texts[data.said[i]], asked = data.texts[data.asked[i]];
  const answer = data.status[i] === 1 ? " failed" : data.long[i] < 0 ? " …" : said ? ` → ${said}` : "";
  return `${data.functions[data.f[i]]}${asked ? ` ${asked}` : ""}${answer}`;
};
const whole = i => {
  const times = data.long[i] < 0 ? `${called[i]}, never answered` : `${called[i]} to ${returned[i]}`;
  return `${nameOf(i)} of ${data.clients[data.client[i]]}: ${textOf(i)}  (${times})${core.has(i) ? "  · in the core" : ""}`;
};

// A client that makes many short-lived processes shares lanes with others that are over.
const laneOf = new Int32Array(count), lanes = [];
const laneOfClient = new Map();
if (data.clients.length <= 40) {
  const order = data.clients.map((_, n) => n);
  order.sort((a, b) => data.clients[a].localeCompare(data.clients[b], "en", { numeric: true }));
  order.forEach((client, lane) => { laneOfClient.set(client, lane); lanes.push(data.clients[client]); });
  for (let i = 0; i < count; i++) laneOf[i] = laneOfClient.get(data.client[i]);
} else {
  const last = new Map();
  for (let i = 0; i < count; i++) {
    const until = Math.min(returned[i], end);
    last.set(data.client[i], Math.max(last.get(data.client[i]) ?? 0, until));
  }
  const free = [];
  for (let i = 0; i < count; i++) {
    const client = data.client[i];
    if (!laneOfClient.has(client)) {
      let lane = free.findIndex(until => until < called[i]);
      if (lane < 0) { lane = free.length; free.push(0); lanes.push(""); }
      free[lane] = last.get(client);
      laneOfClient.set(client, lane);
    }
    laneOf[i] = laneOfClient.get(client);
  }
}
const byLane = lanes.map(() => []);
for (let i = 0; i < count; i++) byLane[laneOf[i]].push(i);

// ---- what stands around the picture

$("outcome").textContent = data.outcome;
$("outcome").classList.add(data.outcome);
$("summary").textContent = data.summary || `${data.property}: ${data.outcome}`;
const facts = [data.title, data.property, `${count.toLocaleString("en")} calls of ${data.clients.length} clients`];
if (data.legal >= 0) facts.push(`legal up to ${data.legal}`);
if (data.periods.length) facts.push(`${data.periods.length} periods of interference`);
$("facts").textContent = [...facts, ...data.notes].join(" · ");
if (data.because.length) {
  const list = document.createElement("ol");
  for (const reason of data.because) list.append(make("li", reason));
  $("why").append(list);
}

let from = 0, to = end, selected = -1;
const view = (a, b) => {
  const width = Math.min(Math.max(b - a, 4), end * 1.02 + 2);
  from = Math.min(Math.max(a, -0.01 * end - 1), Math.max(end * 1.01 + 1 - width, -1));
  to = from + width;
  draw();
};
const around = list => {
  const first = Math.min(...list.map(i => called[i]));
  const last = Math.max(...list.map(i => Math.min(returned[i], end)));
  const margin = Math.max((last - first) * 0.12, 3);
  view(first - margin, last + margin);
};
const deciding = data.culprits.length ? data.culprits[data.culprits.length - 1] : -1;
const select = i => { selected = i; $("one").textContent = i < 0 ? "" : whole(i); draw(); };
const show = i => {
  select(i);
  const width = Math.min(to - from, 60);
  if (called[i] < from || called[i] > to || to - from > 400) view(called[i] - width / 2, called[i] + width / 2);
  const top = laneOf[i] * height;
  if (top < $("frame").scrollTop || top > $("frame").scrollTop + $("frame").clientHeight - height) $("frame").scrollTop = top - height;
};

const bar = $("bar");
const button = (text, key, act, disabled = false) => {
  const one = make("button", key ? `${text} (${key})` : text);
  one.disabled = disabled;
  one.addEventListener("click", act);
  bar.append(one);
};
button("first violation", "v", () => { around(data.culprits); show(deciding); }, deciding < 0);
button("whole history", "w", () => view(0, end));
button("nearer", "+", () => zoom(0.5));
button("farther", "−", () => zoom(2));
for (const i of data.culprits.slice(0, 12)) {
  const one = make("button", nameOf(i), "core");
  one.title = whole(i);
  one.addEventListener("click", () => show(i));
  bar.append(one);
}
for (const [name, colour] of [["read", "--read"], ["write", "--write"], ["other", "--other"], ["in the core", "--bad"], ["failed", "--failed"], ["interference", "--fault"]]) {
  const swatch = make("span", "", "swatch");
  swatch.style.background = `var(${colour})`;
  bar.append(swatch, make("span", name));
}
const zoom = (factor, centre = (from + to) / 2) => view(centre - (centre - from) * factor, centre + (to - centre) * factor);

// ---- drawing

const canvas = $("lanes"), map = $("map");
const gutter = 84, ruler = 34;
let height = 24;
const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return name => style.getPropertyValue(`--${name}`).trim();
};
const readers = /^(read|get|poll|dequeue|pop|contains)/, writers = /^(write|put|append|add|enqueue|push|send|txn|cas|broadcast|transfer)/;
const kinds = data.functions.map(f => readers.test(f) ? "read" : writers.test(f) ? "write" : "other");

const sized = (element, wanted) => {
  const ratio = window.devicePixelRatio || 1, width = element.clientWidth;
  if (element.width !== Math.round(width * ratio) || element.height !== Math.round(wanted * ratio)) {
    element.width = Math.round(width * ratio);
    element.height = Math.round(wanted * ratio);
    element.style.height = `${wanted}px`;
  }
  const pen = element.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, wanted);
  return [pen, width];
};
const x = (rank, width) => gutter + (rank - from) / (to - from) * (width - gutter);

const drawPeriods = (pen, width, tall, colour) => {
  pen.font = `11px ${colour("sans")}`;
  let right = gutter;
  for (const [begin, until, what] of data.periods) {
    const a = Math.max(x(begin, width), gutter), b = x(until, width);
    if (b < gutter || a > width) continue;
    pen.fillStyle = colour("fault-page");
    pen.fillRect(a, 0, Math.max(b - a, 1.5), tall);
    pen.fillStyle = colour("fault");
    pen.fillRect(a, 0, Math.max(b - a, 1.5), 3);
    const label = what || "interference";
    if (a >= right - 1 && pen.measureText(label).width < Math.max(b - a, 90)) {
      pen.fillText(label, a + 3, 15);
      right = a + pen.measureText(label).width + 8;
    }
  }
};

const drawRuler = (pen, width, colour) => {
  const step = 10 ** Math.ceil(Math.log10(Math.max((to - from) / 12, 1)));
  const each = (to - from) / step < 4 ? step / 4 : step;
  pen.fillStyle = colour("muted");
  pen.font = `10.5px ${colour("mono")}`;
  for (let rank = Math.ceil(Math.max(from, 0) / each) * each; rank <= Math.min(to, end); rank += each) {
    pen.fillRect(x(rank, width), ruler - 5, 1, 5);
    pen.fillText(`${Math.round(rank * 100) / 100}`, x(rank, width) + 3, ruler - 4);
  }
};

const drawCall = (pen, i, top, width, colour, isWide) => {
  const a = Math.max(x(called[i], width), gutter - 4), b = Math.min(x(Math.min(returned[i], end), width), width + 4);
  const bar = Math.max(b - a, 2), isCore = core.has(i);
  const tint = isCore ? "bad" : data.status[i] === 1 ? "failed" : kinds[data.f[i]];
  pen.globalAlpha = isCore ? 1 : data.status[i] === 0 ? 0.85 : 0.45;
  pen.fillStyle = colour(tint);
  pen.fillRect(a, top + 3, bar, height - 6);
  pen.globalAlpha = 1;
  if (i === selected || isCore) {
    pen.strokeStyle = colour(i === selected ? "select" : "bad");
    pen.lineWidth = i === selected ? 3 : 1.5;
    pen.strokeRect(a, top + 2.5, bar, height - 5);
  }
  if (isWide && bar > 26) {
    pen.save();
    pen.beginPath();
    pen.rect(a, top, bar - 2, height);
    pen.clip();
    pen.fillStyle = colour("page");
    pen.fillText(textOf(i), a + 4, top + height / 2 + 4);
    pen.restore();
  }
};

const draw = () => {
  const colour = colours();
  const room = $("frame").clientHeight - ruler - 4;
  height = Math.max(14, Math.min(34, Math.floor(room / Math.max(lanes.length, 1))));
  const tall = ruler + lanes.length * height + 2;
  const [pen, width] = sized(canvas, tall);
  if (data.legal >= 0 && data.outcome === "broken") {
    const edge = Math.max(x(data.legal, width), gutter);
    pen.fillStyle = colour("after");
    pen.fillRect(edge, ruler, width - edge, tall);
  }
  drawPeriods(pen, width, tall, colour);
  drawRuler(pen, width, colour);
  pen.font = `12px ${colour("mono")}`;
  const isWide = (width - gutter) / (to - from) > 2;
  byLane.forEach((calls, lane) => {
    const top = ruler + lane * height;
    pen.fillStyle = colour("line");
    pen.fillRect(0, top, width, 1);
    let edge = -1;
    for (const i of calls) {
      if (called[i] > to) break;
      if (Math.min(returned[i], end) < from) continue;
      const right = Math.round(x(Math.min(returned[i], end), width));
      // Of calls that fall on one pixel the first is enough, but for the core.
      if (right === edge && !core.has(i) && i !== selected) continue;
      edge = right;
      drawCall(pen, i, top, width, colour, isWide);
    }
    for (const i of data.culprits) if (laneOf[i] === lane && called[i] <= to && Math.min(returned[i], end) >= from) drawCall(pen, i, top, width, colour, isWide);
    pen.fillStyle = colour("page");
    pen.fillRect(0, top + 1, gutter - 5, height - 1);
    pen.fillStyle = colour("ink");
    pen.fillText(lanes[lane].slice(0, 11), 6, top + height / 2 + 4);
  });
  if (data.legal >= 0 && data.outcome === "broken" && data.legal >= from && data.legal <= to) {
    const edge = x(data.legal, width);
    pen.fillStyle = colour("bad");
    pen.fillRect(edge, ruler - 14, 1.5, tall);
    pen.font = `11px ${colour("sans")}`;
    const label = "legal up to here";
    const wide = pen.measureText(label).width, left = edge - wide - 6 > gutter ? edge - wide - 6 : edge + 4;
    pen.fillStyle = colour("page");
    pen.fillRect(left - 3, ruler - 16, wide + 6, 15);
    pen.fillStyle = colour("bad");
    pen.fillText(label, left, ruler - 5);
  }
  drawMap(colour);
  document.documentElement.dataset.view = `${from.toFixed(1)} ${to.toFixed(1)}`;
};

const drawMap = colour => {
  const [pen, width] = sized(map, 34), place = rank => rank / end * width;
  for (const [begin, until] of data.periods) {
    pen.fillStyle = colour("fault-page");
    pen.fillRect(place(begin), 0, Math.max(place(until) - place(begin), 1), 34);
  }
  const heights = new Float64Array(Math.ceil(width) + 1);
  for (let i = 0; i < count; i++) heights[Math.round(place(called[i]))] += 1;
  const most = Math.max(...heights, 1);
  pen.fillStyle = colour("failed");
  heights.forEach((n, column) => n && pen.fillRect(column, 32 - 26 * n / most, 1, 26 * n / most));
  pen.fillStyle = colour("bad");
  for (const i of data.culprits) pen.fillRect(place(called[i]) - 1, 0, 3, 34);
  pen.strokeStyle = colour("read");
  pen.lineWidth = 2;
  pen.strokeRect(place(Math.max(from, 0)) + 1, 1, Math.max(place(Math.min(to, end)) - place(Math.max(from, 0)) - 2, 3), 32);
};

// ---- by hand

const rankAt = event => from + (event.offsetX - gutter) / (canvas.clientWidth - gutter) * (to - from);
const callAt = event => {
  const lane = Math.floor((event.offsetY - ruler) / height), rank = rankAt(event);
  const slack = (to - from) / canvas.clientWidth * 3;
  const here = (byLane[lane] ?? []).filter(i => called[i] - slack <= rank && Math.min(returned[i], end) + slack >= rank);
  return here.find(i => core.has(i)) ?? here[here.length - 1] ?? -1;
};
let held = null, isMoved = false;
canvas.addEventListener("pointerdown", event => { held = [event.clientX, from, to]; isMoved = false; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener("pointerup", event => { held = null; if (!isMoved) select(callAt(event)); });
canvas.addEventListener("pointermove", event => {
  if (held === null) {
    const i = callAt(event);
    if (selected < 0) $("one").textContent = i < 0 ? "" : whole(i);
    return;
  }
  const [x0, a, b] = held, moved = (x0 - event.clientX) / (canvas.clientWidth - gutter) * (b - a);
  isMoved = isMoved || Math.abs(x0 - event.clientX) > 3;
  if (isMoved) view(a + moved, b + moved);
});
canvas.addEventListener("wheel", event => {
  if (!event.ctrlKey && !event.metaKey && event.deltaX === 0 && event.shiftKey === false && $("frame").scrollHeight > $("frame").clientHeight) return;
  event.preventDefault();
  if (event.deltaX) view(from + event.deltaX / 800 * (to - from), to + event.deltaX / 800 * (to - from));
  else zoom(event.deltaY > 0 ? 1.25 : 0.8, rankAt(event));
}, { passive: false });
map.addEventListener("click", event => {
  const centre = event.offsetX / map.clientWidth * end, half = (to - from) / 2;
  view(centre - half, centre + half);
});
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const shift = (to - from) / 5;
  const next = direction => {
    const lane = selected < 0 ? 0 : laneOf[selected], list = byLane[lane] ?? [];
    return list[Math.min(Math.max(list.indexOf(selected) + direction, 0), list.length - 1)];
  };
  const keys = {
    v: () => deciding >= 0 && (around(data.culprits), show(deciding)), w: () => view(0, end),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "−": () => zoom(2),
    ArrowLeft: () => view(from - shift, to - shift), ArrowRight: () => view(from + shift, to + shift),
    j: () => count && show(next(1)), k: () => count && show(next(-1)), Escape: () => select(-1),
  };
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
new ResizeObserver(() => draw()).observe($("frame"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
canvas.setAttribute("aria-label", `${count} calls of ${data.clients.length} clients; ${$("summary").textContent}`);
if (deciding >= 0 && count > 200) { around(data.culprits); show(deciding); } else { view(0, end); if (deciding >= 0) select(deciding); }
document.documentElement.dataset.ready = "yes";
