// What is chosen, what the address says, keys and buttons.
let recalling = false;

function select(n, pushes = true) {
  const before = SELECTED;
  SELECTED = n;
  for (const m of [before, n]) {
    const known = m && ELEMENTS.get(m);
    if (!known) continue;
    known.g.setAttribute("tabindex", m === n ? "0" : "-1");
    known.g.setAttribute("aria-selected", String(m === n));
    mark(m, known.g);
  }
  if (HELD && n) LIT = lightUp(n);
  showPanel();
  repaint();
  if (before !== n && pushes) remember(true);
}
function focusOn(n) {
  select(n);
  show(n);
  paint();
  const known = ELEMENTS.get(n);
  if (known) known.g.focus({preventScroll: true});
}
// Open what stands around a node, and bring it to the middle.
function reveal(n) {
  let outermost = null;
  for (let m = n.parent; m !== ROOT; m = m.parent) if (!m.open) { m.open = true; forgetLayout(m); outermost = m; }
  if (outermost) relay(null, false);
  select(n);
  show(n, true);
  paint();
  const known = ELEMENTS.get(n);
  if (known) known.g.focus({preventScroll: true});
  announce(spoken(n));
}

// ------------------------------------------------------------------------------------------------- the address
const short36 = ids => ids.map(id => id.toString(36)).join(".");
function state() {
  const turned = NODES.filter(n => opens(n) && n.open !== !!n.d.open).map(n => n.id), parts = [];
  if (turned.length) parts.push("o=" + short36(turned));
  if (SELECTED) parts.push("s=" + SELECTED.id.toString(36));
  if (COLOR !== (DATA.color || null)) parts.push("c=" + encodeURIComponent(COLOR || ""));
  parts.push(`v=${Math.round(CAMERA.x)},${Math.round(CAMERA.y)},${CAMERA.k.toFixed(3)}`);
  return "#" + parts.join("&");
}
let later = null;
function remember(pushes) {
  if (recalling) return;
  clearTimeout(later);
  const write = how => { try { history[how](null, "", state()); } catch { /* a frame without an address of its own */ } };
  if (pushes) write("pushState"); else later = setTimeout(() => write("replaceState"), 250);
}
// Returns whether the address said where to look.
function recall() {
  recalling = true;
  const said = Object.fromEntries(location.hash.slice(1).split("&").filter(Boolean).map(part => { const i = part.indexOf("="); return [part.slice(0, i), part.slice(i + 1)]; }));
  const turned = new Set((said.o || "").split(".").filter(Boolean).map(id => parseInt(id, 36)));
  for (const n of NODES) n.open = opens(n) && (!!n.d.open !== turned.has(n.id));
  forgetAll();
  const mode = said.c === undefined ? DATA.color || null : decodeURIComponent(said.c) || null;
  setColor(METRICS[mode] && METRICS[mode].has() ? mode : null, false);
  relay(null, false);
  const at = said.s === undefined ? null : NODES[parseInt(said.s, 36)] || null;
  let shown = at;
  for (let m = at && at.parent; m && m !== ROOT; m = m.parent) if (!isOpen(m)) shown = m;
  select(shown, false);
  const view = (said.v || "").split(",").map(Number);
  const good = view.length === 3 && view.every(isFinite);
  if (good) look(...view); else { const o = overview(); look(o.x, o.y, o.k); }
  recalling = false;
}
window.addEventListener("popstate", recall);

// ------------------------------------------------------------------------------------------------- colour, theme
const MODES = document.getElementById("color"), SCALE = document.getElementById("scale");
function setColor(mode, lays = true) {
  COLOR = mode;
  RANGE = null;
  MODES.value = mode || "";
  forgetAll();
  forgetElements();
  if (lays) { relay(SELECTED, false); remember(true); }
  scale();
  repaint();
}
function scale() {
  SCALE.hidden = !COLOR;
  if (!COLOR) return;
  const name = `<b>${escaped(t(COLOR))}</b>`, kinds = categories();
  if (kinds.length) {
    SCALE.innerHTML = name + kinds.map((c, i) => `<span><i style="background:${COLOR === "change" ? mixed(hex("card"), hex(CHANGED[c]), 0.18) : mixed(hex("card"), hex(STRIPS[i % STRIPS.length]), 0.3)}"></i>${escaped(c)}</span>`).join("");
    return;
  }
  if (METRICS[COLOR].far) { SCALE.innerHTML = name + `<span>${escaped(t("from one"))}</span>`; return; }
  const [low, high] = rangeOf(COLOR), ramp = [0.04, 0.38].map(s => mixed(hex("card"), hex("forward"), s));
  SCALE.innerHTML = `${name}<span>${escaped(METRICS[COLOR].say(low))}</span><i style="background:linear-gradient(90deg,${ramp})"></i><span>${escaped(METRICS[COLOR].say(high))}</span>`;
}
function turnTheme() {
  const dark = hex("paper") !== "#ffffff", root = document.documentElement;
  root.dataset.theme = dark ? "light" : "dark";
  themeChanged();
}
function themeChanged() { COLOURS.clear(); forgetElements(); scale(); repaint(); showPanel(); }
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);

// ------------------------------------------------------------------------------------------------- where the gradient vanished
// From the end on: the first zero, the first NaN, and each place where it is less than a tenth of what it was at most since the last one.
function suspects() {
  const of = n => { const g = joint(n.d.gives || []); return g && g.state !== "missing" ? g : null; };
  const found = [], most = new Map();
  for (const n of [...NODES].reverse()) {
    if (n.d.role !== "op") continue;
    const g = of(n);
    if (!g) continue;
    const later = n.d.gives.flatMap(v => VALUES[v].to), before = Math.max(0, ...later.map(m => most.get(m) || 0));
    const states = later.map(of).filter(Boolean).map(x => x.state);
    most.set(n, isFinite(g.norm) ? Math.max(before, g.norm) : before);
    if (g.state === "nan" && !states.includes("nan")) found.push([n, t("gradient is NaN at", pathOf(n))]);
    else if (g.state === "zero" && (before > 0 || !states.length)) { found.push([n, t("gradient is zero at", pathOf(n))]); most.set(n, 0); }
    else if (g.state === "flows" && before > 10 * g.norm) { found.push([n, t("gradient falls at", pathOf(n), norm(before), norm(g.norm))]); most.set(n, g.norm); }
  }
  return found;
}
let turn = -1;
function vanished() {
  const all = suspects();
  if (!all.length) return note(t("gradient nowhere"));
  turn = (turn + 1) % all.length;
  const [n, said] = all[turn];
  reveal(n);
  note(`${said} (${turn + 1} / ${all.length})`);
}
const NOTE = document.getElementById("note");
let fading = null;
function note(text) {
  NOTE.textContent = text;
  NOTE.hidden = false;
  announce(text);
  clearTimeout(fading);
  fading = setTimeout(() => { NOTE.hidden = true; }, 8000);
}

// ------------------------------------------------------------------------------------------------- mouse and keys
const nodeAt = target => { const g = target.closest && target.closest("[data-n]"); return g ? NODES[g.dataset.n] : null; };
WORLD.addEventListener("click", e => {
  const n = nodeAt(e.target);
  if (!n) return;
  select(n);
  const known = ELEMENTS.get(n);
  if (known) known.g.focus({preventScroll: true});
  if (opens(n) && !e.altKey && (!isOpen(n) || e.target.closest("[data-head]"))) setOpen(n, !n.open);
});
STAGE.addEventListener("click", e => { if (!nodeAt(e.target)) select(null); });
WORLD.addEventListener("pointerover", e => { const n = nodeAt(e.target); hover(n && !isOpen(n) ? n : null); });
WORLD.addEventListener("pointerleave", () => hover(null));
const order = () => [...PICTURE.boxes.keys()].sort((a, b) => a.id - b.id);
const KEYS = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1),
  ArrowRight: n => { if (n && opens(n) && !n.open) setOpen(n, true); else if (n && isOpen(n)) focusOn(n.children[0]); else step(1); },
  ArrowLeft: n => { if (n && isOpen(n)) setOpen(n, false); else if (n && n.parent !== ROOT) focusOn(n.parent); else step(-1); },
  Home: () => focusOn(order()[0]), End: () => focusOn(order()[order().length - 1]),
  Enter: n => { if (n && opens(n)) setOpen(n, !n.open); },
  " ": n => { if (n) { PANEL.focus(); } },
  Escape: n => { if (HELD) holdLight(); else if (n) select(null); },
};
function step(by) {
  const all = order(), i = all.indexOf(SELECTED);
  focusOn(all[i < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, i + by))]);
}
const center = f => { const {w, h} = screen(); zoom(f, w / 2, h / 2); };
const ANYWHERE = {"/": () => { SOUGHT.focus(); SOUGHT.select(); }, "+": () => center(1.25), "=": () => center(1.25), "-": () => center(0.8), "0": everything,
                  s: saveView, d: turnTheme, l: holdLight, g: () => DATA.backward && vanished(), "?": () => help()};
STAGE.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || !KEYS[e.key]) return;
  e.preventDefault();
  KEYS[e.key](SELECTED);
});
STAGE.addEventListener("focus", () => { if (STAGE.matches(":focus-visible")) focusOn(SELECTED || order()[0]); });
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input,select,dialog") || !ANYWHERE[e.key]) return;
  e.preventDefault();
  ANYWHERE[e.key]();
});
PANEL.addEventListener("keydown", e => { if (e.key === "Escape" && SELECTED) { e.stopPropagation(); focusOn(SELECTED); } });
const HELP = document.getElementById("help");
function help() { if (HELP.open) HELP.close(); else HELP.showModal(); }
HELP.addEventListener("click", e => { if (e.target === HELP) HELP.close(); });

// ------------------------------------------------------------------------------------------------- the beginning
(function begin() {
  for (const el of document.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t);
  for (const el of document.querySelectorAll("[data-label]")) { const said = t(el.dataset.label); el.setAttribute("aria-label", said); el.title = said; }
  SOUGHT.placeholder = t("search hint");
  MODES.innerHTML = `<option value="">${escaped(t("no colour"))}</option>` + Object.keys(METRICS).filter(m => METRICS[m].has()).map(m => `<option value="${escaped(m)}">${escaped(t(m))}</option>`).join("");
  MODES.hidden = MODES.options.length < 2;
  MODES.addEventListener("change", () => setColor(MODES.value || null));
  const buttons = {larger: () => center(1.25), smaller: () => center(0.8), whole: everything, save: saveView, theme: turnTheme, vanished, keys: help};
  for (const [id, go] of Object.entries(buttons)) document.getElementById(id).addEventListener("click", go);
  document.getElementById("vanished").hidden = !DATA.backward;
  document.getElementById("side").addEventListener("click", () => { document.body.classList.toggle("narrow"); repaint(); });
  STAGE.setAttribute("aria-label", `${DATA.title}: ${DATA.subtitle}`);
  recall();
  const failed = NODES.find(n => n.d.role === "failure");
  if (failed && !location.hash) reveal(failed);
  window.explorer = {nodes: NODES, path: pathOf, open: setOpen, reveal, picture: () => PICTURE, svg: viewAsSvg, ready: performance.now()};
})();
