// Boxes and lines: how large they are, what stands on them; only what is in sight is there.
const FACE = '"Helvetica Neue",Helvetica,Arial,sans-serif';
const PEN = document.createElement("canvas").getContext("2d"), WIDTHS = new Map();
const FAR = 0.3;  // below this scale no writing can be read
const WIDEST = 264, NARROWEST = 176;
let PICTURE = null, COLOR = null, SELECTED = null, LIT = null, HELD = false;
const ELEMENTS = new Map(), LINES = new Map();
const [FRAMES, WIRES, CARDS] = ["frames", "wires", "cards"].map(id => document.getElementById(id));

function wide(text, size, bold) {
  const key = (bold ? "b" : "r") + size + text;
  if (!WIDTHS.has(key)) { PEN.font = `${bold ? "bold " : ""}${size}px ${FACE}`; WIDTHS.set(key, PEN.measureText(text).width); }
  return WIDTHS.get(key);
}
// A text that is too long loses its middle.
function fitted(text, size, bold, room) {
  if (wide(text, size, bold) <= room) return text;
  let few = 1, many = text.length;
  const cut = n => { const signs = [...text]; return signs.slice(0, Math.ceil(n / 2)).join("") + "\u2026" + signs.slice(signs.length - Math.floor(n / 2)).join(""); };
  while (few + 1 < many) { const n = (few + many) >> 1; if (wide(cut(n), size, bold) <= room) few = n; else many = n; }
  return cut(few);
}
function wrapped(text, size, room) {
  const lines = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const more = line ? line + " " + word : word;
    if (line && wide(more, size) > room) { lines.push(line); line = fitted(word, size, false, room); } else line = fitted(more, size, false, room);
  }
  return line ? [...lines, line] : lines;
}

// ------------------------------------------------------------------------------------------------- what stands on a card
const standsAlone = n => n.d.role === "input" || n.d.role === "output";
const shapes = n => { const all = [...new Set(resultsOf(n).map(shapeOf))]; return (standsAlone(n) && n.d.copies ? `${n.d.copies} \u00d7 ` : "") + all.slice(0, 2).join(", ") + (all.length > 2 ? ", \u2026" : ""); };
const SIGNS = {added: "+ ", removed: "\u2212 ", changed: "\u2260 ", inside: "\u2022 "};
const status = n => n.d.change && n.d.change.status || "";
const named = n => (SIGNS[status(n)] || "") + title(n);
const kindOf = n => n.d.label ? "" : n.d.name && n.d.kind !== n.d.name ? n.d.kind : "";
// What a card has room for, the fullest first.
function infos(n) {
  const held = n.weights.size ? [shortCount(parametersOf(n))] : [];
  if (n.d.role === "op") return [...held, ""];
  return [[operations(n.count), ...held].join(COMMA), ...held, operations(n.count), ""];
}
function shortCount(n) {
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e4]]) if (n >= size) return t("parameters", digits(n / (unit === "k" ? 1e3 : size), 3) + " " + unit);
  return parameters(n);
}
const metric = n => { if (!COLOR) return null; const x = METRICS[COLOR].of(n); return x === null || x === undefined ? null : x; };
const third = n => {
  const g = DATA.backward ? joint(resultsOf(n)) : null, m = metric(n);
  return {left: g ? "\u2016\u2202\u2016 " + gradient(g) : "", right: m === null ? "" : METRICS[COLOR].say(m), gradient: g};
};
const hasThird = () => DATA.backward || COLOR !== null;

function cardSize(n) {
  if (n.size) return n.size;
  if (n.d.role === "failure") return (n.size = failureSize(n));
  const name = wide(named(n), 13, true) + (kindOf(n) ? 10 + wide(kindOf(n), 12) : 0) + (n.d.role === "deck" ? 14 + wide("\u00d7" + n.d.copies, 12, true) : 0) + (opens(n) ? 16 : 0);
  const second = wide(infos(n)[opens(n) && n.weights.size ? 1 : 0], 11) + 18 + wide(shapes(n), 12);
  const need = standsAlone(n) ? wide(title(n), 13, true) + 22 + wide(shapes(n), 12) : Math.max(name, second, hasThird() ? 110 : 0);
  const w = Math.min(WIDEST, Math.max(standsAlone(n) ? 90 : NARROWEST, Math.ceil(need) + 28));
  return (n.size = {w, h: standsAlone(n) ? (hasThird() && DATA.backward ? 46 : 32) : hasThird() ? 62 : 46});
}
const headWidth = n => Math.min(WIDEST, wide(named(n), 13, true) + 10 + wide(kindOf(n), 12)) + 70;

function failureSize(n) {
  const line = (key, said) => said ? wrapped(t(key) + " " + said, 12, 296) : [];
  const at = n.d.place === undefined ? null : DATA.places[n.d.place];
  n.said = n.d.expected ? [...line("expected", n.d.expected), ...line("came", n.d.came), ...line("hint", n.d.hint)] : wrapped(n.d.message, 12, 296);
  if (at) n.said.push(`${at[0]}:${at[1]}`);
  return {w: 324, h: 36 + 16 * n.said.length + 6};
}

const text = (x, y, said, css, more = "") => said === "" ? "" : `<text x="${x}" y="${y}" class="${css}"${more}>${escaped(said)}</text>`;
const END = ' text-anchor="end"';
const rect = (x, y, w, h, css, more = "") => `<rect x="${x}" y="${y}" width="${w}" height="${h}" class="${css}"${more}/>`;

function cardMarkup(n, {w, h}, far) {
  const shade = shadeOf(n), role = n.d.role;
  const fill = shade ? ` style="fill:${shade}"` : "";
  let out = "";
  if (role === "deck") out += rect(8, 8, w - 4, h, "card back", ' rx="8"') + rect(4, 4, w - 2, h, "card back", ' rx="8"');
  out += rect(0, 0, w, h, `card ${role} ${status(n)}`, ` rx="${standsAlone(n) ? h / 2 : 8}"${fill}`);
  if (n.d.family) out += `<path class="strip" d="M8 0H5.5A5.5 8 0 0 0 0 8V${h - 8}A5.5 8 0 0 0 5.5 ${h}H8Z"/>`;
  if (far) return out;
  if (role === "failure") {
    out += text(14, 22, "\u2715 " + fitted(n.d.path || n.d.name, 13, true, 180), "name bad") + text(w - 14, 22, fitted(n.d.kind, 12, false, 100), "kind", END);
    n.said.forEach((line, i) => { out += text(14, 42 + 16 * i, line, i === n.said.length - 1 && n.d.place !== undefined ? "mono" : "said"); });
    return out;
  }
  if (standsAlone(n)) {
    const y = DATA.backward ? 19 : h / 2 + 4.5, right = fitted(shapes(n), 12, false, w * 0.6);
    out += text(16, y, fitted(title(n), 13, true, w - 46 - wide(right, 12)), "name") + text(w - 16, y, right, "shape", END);
    if (DATA.backward && hasThird()) out += text(16, 36, third(n).left, "grad");
    return out;
  }
  const times = role === "deck" ? "\u00d7" + n.d.copies : "", edge = w - 12 - (opens(n) ? 14 : 0);
  let room = edge - 14 - (times ? wide(times, 12, true) + 12 : 0);
  const name = fitted(named(n), 13, true, kindOf(n) ? Math.max(60, room - 30) : room);
  room -= wide(name, 13, true) + 8;
  out += text(14, 19, name, "name");
  if (kindOf(n) && room > 24) out += text(14 + wide(name, 13, true) + 8, 19, fitted(kindOf(n), 12, false, room), "kind");
  if (times) out += text(edge - 2, 19, times, "times", END);
  if (opens(n)) out += `<path class="sign" d="M${w - 20} 14.5h8m-4 -4v8"/>`;
  const right = fitted(shapes(n), 12, false, w - 40);
  out += text(w - 14, 37, right, "shape", END) + text(14, 37, infos(n).find(said => wide(said, 11) <= w - 40 - wide(right, 12)) || "", "info");
  if (hasThird()) {
    const {left, right, gradient: g} = third(n);
    out += text(14, 54, left, "grad") + text(w - 14, 54, right, "metric", END);
    if (g) {
      const x = 20 + wide(left, 11), end = w - 14 - (right ? wide(right, 11, true) + 8 : 0);
      if (end - x > 12 && g.state === "flows") out += rect(x, 47, Math.max(2, (end - x) * gradientShare(g.norm)), 6, "bar", ' rx="1"');
      else if (end - x > 12) out += rect(x, 47.5, Math.min(24, end - x), 5, "bar hollow", ' rx="1"');
    }
  }
  return out;
}

function frameMarkup(n, box, far) {
  let out = rect(0, 0, box.w, box.h, `frame ${n.depth % 2 ? "odd" : ""} ${status(n)}`, ' rx="10"') + rect(0, 0, box.w, GAP.head - 4, "head", ' rx="10" data-head="1"');
  if (far) return out;
  // The name stands left of where a line comes in, the class beside it or on the line's other side, where there is room.
  const name = fitted(named(n), 13, true, box.w - 60), end = 22 + wide(name, 13, true), kind = kindOf(n), need = wide(kind, 12);
  const lines = [...new Set(layoutOf(n).ins.values())].sort((a, b) => a - b), next = lines.find(x => x > end - 8) ?? box.w - 30, last = lines[lines.length - 1];
  out += text(14, 20, name, "name halo");
  if (kind && end + need + 8 < next) out += text(end, 20, kind, "kind");
  else if (kind && last !== undefined && Math.max(last + 10, end) + need < box.w - 34) out += text(box.w - 34, 20, kind, "kind", END);
  return out + `<path class="sign" d="M${box.w - 22} 15.5h8"/>`;
}

// Does a line bring only what was removed, or only to what was?
const isGone = e => DATA.compared !== undefined && (e.sinks.length > 0 && e.sinks.every(n => status(n) === "removed") || e.values.every(v => status(VALUES[v].from) === "removed"));
function lineMarkup(lines) {
  const r = v => Math.round(v * 10) / 10;
  let d = "", tips = "";
  for (const [x0, y0, a, x1, b, y1, end] of lines) {
    const m = r((a + b) / 2), stop = end === 2 ? y1 - 5 : y1;
    d += Math.abs(x0 - x1) < 0.5 ? `M${r(x0)} ${r(y0)}V${r(stop)}` : `M${r(x0)} ${r(y0)}V${r(a)}C${r(x0)} ${m} ${r(x1)} ${m} ${r(x1)} ${r(b)}V${r(stop)}`;
    if (end === 2) tips += `M${r(x1)} ${r(y1)}l-3.6 -7h7.2z`;
  }
  return `<path class="wire" d="${d}"/>` + (tips ? `<path class="tip" d="${tips}"/>` : "");
}

// ------------------------------------------------------------------------------------------------- scales
let GRADIENTS = null, RANGE = null;
function gradientShare(x) {
  if (!GRADIENTS) {
    const logs = NODES.filter(n => n.d.role === "op").flatMap(n => n.d.gives).map(v => VALUES[v].d.grad).filter(g => typeof g === "number" && g > 0).map(Math.log10).sort((a, b) => a - b);
    GRADIENTS = logs.length ? [logs[Math.floor(logs.length * 0.05)], logs[Math.ceil(logs.length * 0.95) - 1]] : [0, 0];
  }
  const [low, high] = GRADIENTS;
  return high > low ? 0.06 + 0.94 * Math.min(1, Math.max(0, (Math.log10(x) - low) / (high - low))) : 0.5;
}
function rangeOf(mode) {
  const all = NODES.filter(n => !opens(n) || mode === "own").map(METRICS[mode].of).filter(x => typeof x === "number" && isFinite(x));
  return all.length ? [Math.min(...all), Math.max(...all)] : [0, 0];
}
const COLOURS = new Map();
function hex(name) {
  if (!COLOURS.has(name)) COLOURS.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  return COLOURS.get(name);
}
const mixed = (a, b, s) => "#" + [1, 3, 5].map(i => Math.round(parseInt(a.slice(i, i + 2), 16) * (1 - s) + parseInt(b.slice(i, i + 2), 16) * s).toString(16).padStart(2, "0")).join("");
const STRIPS = ["conv-line", "dense-line", "norm-line", "activation-line", "chance-line", "loss-line", "pool-line", "kept"];
const CHANGED = Object.fromEntries([["added", "pool-line"], ["removed", "gradient"], ["changed", "parameter"], ["inside", "wire"]].map(([k, role]) => [t("change " + k), role]));
const categories = () => [...new Set(NODES.map(n => METRICS[COLOR].of(n)).filter(c => typeof c === "string"))];
function shadeOf(n) {
  const m = metric(n);
  if (m === null) return "";
  if (COLOR === "change") return mixed(hex("card"), hex(CHANGED[m]), 0.18);
  if (typeof m === "string") return mixed(hex("card"), hex(STRIPS[categories().indexOf(m) % STRIPS.length]), 0.3);
  if (METRICS[COLOR].far) return mixed(hex("card"), hex("forward"), Math.min(0.38, 0.02 + 0.12 * METRICS[COLOR].far(m)));
  if (!RANGE) RANGE = rangeOf(COLOR);
  const [low, high] = RANGE, log = low > 0 && !METRICS[COLOR].linear && COLOR !== "own";
  const s = high > low ? (log ? Math.log(m / low) / Math.log(high / low) : (m - low) / (high - low)) : 1;
  return mixed(hex("card"), hex("forward"), 0.04 + 0.34 * Math.min(1, Math.max(0, s)));
}

// ------------------------------------------------------------------------------------------------- what is in sight
const make = (layer, before) => { const g = document.createElementNS("http://www.w3.org/2000/svg", "g"); layer.insertBefore(g, before || null); return g; };

function element(n, box) {
  let known = ELEMENTS.get(n);
  const open = isOpen(n), far = CAMERA.k < FAR;
  if (known && known.open !== open) { known.g.remove(); ELEMENTS.delete(n); known = null; }
  if (!known) {
    const layer = open ? FRAMES : CARDS;
    const there = layer.children;  // in the order of execution, which is the order in which one reads them aloud
    let low = 0, high = there.length;
    while (low < high) { const mid = (low + high) >> 1; if (Number(there[mid].dataset.n) > n.id) high = mid; else low = mid + 1; }
    const g = make(layer, there[low]);
    g.dataset.n = n.id;
    g.setAttribute("role", "treeitem");
    g.setAttribute("tabindex", n === SELECTED ? "0" : "-1");
    g.setAttribute("aria-level", n.depth + 1);
    g.setAttribute("aria-label", spoken(n));
    if (opens(n)) g.setAttribute("aria-expanded", String(open));
    known = {g, open, far: null};
    ELEMENTS.set(n, known);
  }
  if (known.far !== far || known.w !== box.w || known.h !== box.h) {
    known.g.innerHTML = open ? frameMarkup(n, box, far) : cardMarkup(n, box, far);
    Object.assign(known, {far, w: box.w, h: box.h});
  }
  if (known.x !== box.x || known.y !== box.y) {
    known.g.setAttribute("transform", `translate(${Math.round(box.x * 10) / 10} ${Math.round(box.y * 10) / 10})`);
    Object.assign(known, {x: box.x, y: box.y});
  }
  mark(n, known.g);
}
function mark(n, g) {
  const lit = LIT && (LIT.nodes.has(n) || (isOpen(n) && [...LIT.nodes].some(m => isWithin(m, n))));
  g.setAttribute("class", `node${n.d.family ? " f-" + CSS.escape(n.d.family) : ""}${n === SELECTED ? " selected" : ""}${LIT ? (lit ? " lit" : " dim") : ""}${n.gone ? " gone" : ""}${COLOR ? " shaded" : ""}`);
}

function paint() {
  if (!PICTURE) return;
  WORLD.setAttribute("transform", `translate(${CAMERA.x} ${CAMERA.y}) scale(${CAMERA.k})`);
  const {w, h} = screen(), m = 160, k = CAMERA.k;
  const left = (-CAMERA.x - m) / k, right = (w - CAMERA.x + m) / k, top = (-CAMERA.y - m) / k, bottom = (h - CAMERA.y + m) / k;
  const seen = b => b.x < right && b.x + b.w > left && b.y < bottom && b.y + b.h > top;
  for (const [n, known] of ELEMENTS) if (n !== SELECTED || !PICTURE.boxes.has(n)) {
    const b = PICTURE.boxes.get(n);
    if (!b || !seen(b)) { known.g.remove(); ELEMENTS.delete(n); }
  }
  for (const [n, b] of PICTURE.boxes) if (n === SELECTED || seen(b)) element(n, b);
  const there = new Set();
  for (const e of PICTURE.edges) {
    if (!e.lines.some(([x0, y0, , x1, , y1]) => Math.min(x0, x1) < right && Math.max(x0, x1) > left && y0 < bottom && y1 > top)) continue;
    there.add(e.key);
    let known = LINES.get(e.key);
    if (!known) LINES.set(e.key, known = {g: make(WIRES), lines: null});
    if (known.lines !== e.lines) { known.g.innerHTML = lineMarkup(e.lines); known.lines = e.lines; }
    known.g.setAttribute("class", "line" + (isGone(e) ? " removed" : "") + (e.fresh ? " fresh" : "") + (LIT ? (LIT.lines(e) ? " lit" : " dim") : ""));
  }
  for (const [key, known] of LINES) if (!there.has(key)) { known.g.remove(); LINES.delete(key); }
  STAGE.classList.toggle("far", k < FAR);
  STAGE.classList.toggle("tiny", k < FAR / 2);
  paintMap();
}
function forgetElements() { for (const known of ELEMENTS.values()) known.far = null; }

// ------------------------------------------------------------------------------------------------- opening and closing
function relay(anchor, glides = true) {
  const before = PICTURE, old = before && anchor && before.boxes.get(anchor);
  const after = picture();
  forgetHover();
  if (!before || !glides || still()) {
    PICTURE = after;
    if (old) hold(anchor, old, after.boxes.get(anchor));
    return repaint();
  }
  const lines = new Map(before.edges.map(e => [e.key, e.lines]));
  const start = n => {
    if (before.boxes.has(n)) return before.boxes.get(n);
    let outer = n;
    while (outer && !before.boxes.has(outer)) outer = outer.parent;
    const b = outer && before.boxes.get(outer), to = after.boxes.get(n);
    return b ? {x: b.x + (b.w - to.w) / 2, y: b.y, w: to.w, h: to.h} : to;
  };
  // Only what is in sight before or after is moved, all else is where it will be.
  const {h} = screen(), top = (-CAMERA.y - h) / CAMERA.k, bottom = (2 * h - CAMERA.y) / CAMERA.k;
  const near = (a, b) => Math.min(a[0], b[0]) < bottom && Math.max(a[1], b[1]) > top;
  const moves = [...after.boxes].map(([n, to]) => [n, start(n), to]).filter(([, a, b]) => near([a.y, a.y + a.h], [b.y, b.y + b.h]));
  const span = ls => ls.reduce(([low, high], l) => [Math.min(low, l[1]), Math.max(high, l[5])], [Infinity, -Infinity]);
  const bent = new Map(after.edges.filter(e => {
    const was = lines.get(e.key);
    return was && was.length === e.lines.length && near(span(was), span(e.lines));
  }).map(e => [e, lines.get(e.key)]));
  const began = performance.now(), mine = (relay.turn = (relay.turn || 0) + 1);
  const camera = {...CAMERA};
  (function step(now) {
    if (relay.turn !== mine) return;
    const s = Math.min(1, Math.max(0, (now - began) / 240)), e = 1 - (1 - s) ** 3, mid = (a, b) => a + (b - a) * e;
    if (s === 1) PICTURE = after;
    else {
      const boxes = new Map(after.boxes);
      for (const [n, a, b] of moves) boxes.set(n, {x: mid(a.x, b.x), y: mid(a.y, b.y), w: isOpen(n) ? mid(a.w, b.w) : b.w, h: isOpen(n) ? mid(a.h, b.h) : b.h});
      const edges = after.edges.map(edge => {
        const was = bent.get(edge);
        if (was) return {...edge, lines: edge.lines.map((l, i) => l.map((v, j) => j === 6 ? v : mid(was[i][j], v)))};
        return lines.has(edge.key) ? edge : {...edge, fresh: true};
      });
      PICTURE = {...after, boxes, edges};
    }
    if (old) hold(anchor, old, PICTURE.boxes.get(anchor), camera);
    paint();
    if (s < 1) requestAnimationFrame(step); else { remember(false); if (anchor && isOpen(anchor)) fitWidth(anchor); }
  })(began);
}
// What was clicked stays where it is on the screen.
function hold(n, was, now, camera = CAMERA) {
  if (!now) return;
  CAMERA.x = camera.x + ((was.x + was.w / 2) - (now.x + now.w / 2)) * CAMERA.k;
  CAMERA.y = camera.y + (was.y - now.y) * CAMERA.k;
}
function setOpen(n, open, glides = true) {
  if (!opens(n) || n.open === open) return;
  n.open = open;
  forgetLayout(n);
  relay(n, glides);
  const g = ELEMENTS.get(n);
  if (g && document.activeElement && document.activeElement.dataset && document.activeElement.dataset.n === String(n.id)) requestAnimationFrame(() => focusOn(n));
  remember(true);
  announce(t(open ? "opened" : "closed", title(n)) + (open ? ", " + t("parts", n.children.length) : ""));
}

// ------------------------------------------------------------------------------------------------- before and after
const visible = n => { let found = n; for (let m = n.parent; m !== ROOT; m = m.parent) if (!isOpen(m)) found = m; return found; };
function lightUp(n) {
  const up = new Map(), down = new Map();
  const add = (map, a, b) => { if (!map.has(a)) map.set(a, new Set()); map.get(a).add(b); };
  for (const v of VALUES) if (v.from) { const a = visible(v.from); for (const m of v.to) { const b = visible(m); if (a !== b) { add(down, a, b); add(up, b, a); } } }
  const start = [...PICTURE.boxes.keys()].filter(m => !isOpen(m) && isWithin(m, n));
  const reach = map => { const found = new Set(start), todo = [...start]; while (todo.length) for (const m of map.get(todo.pop()) || []) if (!found.has(m)) { found.add(m); todo.push(m); } return found; };
  const before = reach(up), after = reach(down);
  return {of: n, nodes: new Set([...before, ...after]), lines: e => e.values.some(v => {
    const a = visible(VALUES[v].from), to = VALUES[v].to.map(visible);
    return (before.has(a) && to.some(b => before.has(b))) || (after.has(a) && to.some(b => after.has(b)));
  })};
}
let waiting = null;
function hover(n) {
  clearTimeout(waiting);
  if (HELD) return;
  waiting = setTimeout(() => { if (LIT && LIT.of === n) return; LIT = n ? lightUp(n) : null; repaint(); }, n ? 90 : 30);
}
function forgetHover() { clearTimeout(waiting); if (LIT) { LIT = null; HELD = false; } }
// All that one line of the program makes.
function lightLine(place) {
  HELD = true;
  LIT = {of: null, nodes: new Set(NODES.filter(n => n.d.place === place).map(visible)), lines: () => false};
  announce(t("of this line", LIT.nodes.size));
  repaint();
}
function holdLight() {
  HELD = !HELD && SELECTED !== null;
  LIT = HELD ? lightUp(SELECTED) : null;
  if (HELD) announce(t("lit", LIT.nodes.size - 1, title(SELECTED)));
  repaint();
}
