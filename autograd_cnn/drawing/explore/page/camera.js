// Where one looks: the world is scaled by `k` and moved by `x`, `y`. Wheel, drag, two fingers, and keys move it.
const CAMERA = {x: 0, y: 0, k: 1};
const STAGE = document.getElementById("stage"), WORLD = document.getElementById("world");
const LEAST = 0.004, MOST = 3;
let painting = false, gliding = null;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function repaint() { if (!painting) { painting = true; requestAnimationFrame(() => { painting = false; paint(); }); } }
function look(x, y, k) { CAMERA.x = x; CAMERA.y = y; CAMERA.k = Math.min(MOST, Math.max(LEAST, k)); repaint(); }
function zoom(factor, px, py) {
  const k = Math.min(MOST, Math.max(LEAST, CAMERA.k * factor)), f = k / CAMERA.k;
  look(px - (px - CAMERA.x) * f, py - (py - CAMERA.y) * f, k);
  remember(false);
}
const screen = () => ({w: STAGE.clientWidth || 800, h: STAGE.clientHeight || 600});

// The whole, if one can read it then; else from its top on, as large as its width allows.
function overview() {
  const {w, h} = screen(), k = Math.min(1, (w - 48) / PICTURE.w, (h - 48) / PICTURE.h);
  if (k >= 0.6) return {x: (w - PICTURE.w * k) / 2, y: Math.max(24, (h - PICTURE.h * k) / 2), k};
  const wide = Math.min(1, Math.max(0.6, (w - 48) / PICTURE.w));
  const first = [...PICTURE.boxes.values()][0] || {x: 0, w: PICTURE.w};
  const fits = PICTURE.w * wide <= w - 24;
  return {x: fits ? (w - PICTURE.w * wide) / 2 : w / 2 - (first.x + first.w / 2) * wide, y: 24, k: wide};
}
function everything() {
  const {w, h} = screen(), k = Math.max(LEAST, Math.min(1, (w - 48) / PICTURE.w, (h - 48) / PICTURE.h));
  glide({x: (w - PICTURE.w * k) / 2, y: (h - PICTURE.h * k) / 2, k});
}
function glide(to, done) {
  cancelAnimationFrame(gliding);
  if (still()) { look(to.x, to.y, to.k); remember(false); if (done) done(); return; }
  const from = {...CAMERA}, began = performance.now();
  (function step(now) {
    const s = Math.min(1, Math.max(0, (now - began) / 260)), e = s * s * (3 - 2 * s);
    look(from.x + (to.x - from.x) * e, from.y + (to.y - from.y) * e, from.k + (to.k - from.k) * e);
    if (s < 1) gliding = requestAnimationFrame(step); else { remember(false); if (done) done(); }
  })(began);
}
// What was opened is seen in its whole width, where one can still read it then.
function fitWidth(n) {
  const b = PICTURE.boxes.get(n), {w} = screen();
  if (!b || b.w * CAMERA.k <= w - 20) return;
  const k = Math.max(Math.min(CAMERA.k, 0.6), (w - 40) / b.w);
  if (k >= CAMERA.k) return;
  glide({x: w / 2 - (b.x + b.w / 2) * k, y: CAMERA.y + b.y * (CAMERA.k - k), k});
}
// Bring a box into sight, if it is not.
function show(n, middle) {
  const b = PICTURE.boxes.get(n);
  if (!b) return;
  const {w, h} = screen(), k = middle ? Math.max(CAMERA.k, 0.75) : CAMERA.k, margin = 30;
  const x = b.x * k, y = b.y * k, bw = Math.min(b.w * k, w - 2 * margin), bh = Math.min(b.h * k, h - 2 * margin);
  let cx = CAMERA.x, cy = CAMERA.y;
  if (middle) { cx = bw < b.w * k ? margin - x : w / 2 - x - bw / 2; cy = h / 2 - y - bh / 2; }
  else {
    cx = Math.min(Math.max(cx, margin - x), w - margin - x - bw);
    cy = Math.min(Math.max(cy, margin - y), h - margin - y - bh);
  }
  if (Math.abs(cx - CAMERA.x) + Math.abs(cy - CAMERA.y) + Math.abs(k - CAMERA.k) > 0.5) glide({x: cx, y: cy, k});
}

(function listen() {
  const fingers = new Map();
  let moved = 0;
  const place = e => { const r = STAGE.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
  STAGE.addEventListener("wheel", e => {
    if (window.top !== window && !document.hasFocus()) return;  // in a notebook one scrolls past it, until it is clicked
    e.preventDefault();
    cancelAnimationFrame(gliding);
    const unit = e.deltaMode === 1 ? 18 : e.deltaMode === 2 ? 400 : 1;
    if (e.shiftKey) { look(CAMERA.x - (e.deltaX + e.deltaY) * unit, CAMERA.y, CAMERA.k); return remember(false); }
    zoom(Math.exp(-e.deltaY * unit * (e.ctrlKey ? 0.01 : 0.0016)), ...place(e));
  }, {passive: false});
  STAGE.addEventListener("pointerdown", e => {
    if (e.button) return;
    cancelAnimationFrame(gliding);
    fingers.set(e.pointerId, place(e));
    if (fingers.size === 1) moved = 0;
  });
  window.addEventListener("pointermove", e => {
    const before = fingers.get(e.pointerId);
    if (!before) return;
    const now = place(e), dx = now[0] - before[0], dy = now[1] - before[1];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < 4) return;
    STAGE.classList.add("dragged");
    if (fingers.size === 1) look(CAMERA.x + dx, CAMERA.y + dy, CAMERA.k);
    else if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== e.pointerId)[1];
      const far = p => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
      zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      look(CAMERA.x + dx / 2, CAMERA.y + dy / 2, CAMERA.k);
    }
    fingers.set(e.pointerId, now);
  });
  const lift = e => {
    if (!fingers.delete(e.pointerId)) return;
    STAGE.classList.remove("dragged");
    if (moved >= 4) remember(false);
  };
  window.addEventListener("pointerup", lift);
  window.addEventListener("pointercancel", lift);
  STAGE.addEventListener("click", e => { if (moved >= 4) { e.stopPropagation(); e.preventDefault(); } }, true);
  new ResizeObserver(repaint).observe(STAGE);
})();
