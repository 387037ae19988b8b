// The whole, small, with the frame of what one sees.
const MAP = document.getElementById("map"), INK = MAP.getContext("2d");
let mapScale = 1;
function paintMap() {
  const ratio = window.devicePixelRatio || 1, w = MAP.clientWidth, h = MAP.clientHeight;
  if (!w || !PICTURE) return;
  if (MAP.width !== Math.round(w * ratio)) { MAP.width = Math.round(w * ratio); MAP.height = Math.round(h * ratio); }
  const k = mapScale = Math.min((w - 8) / PICTURE.w, (h - 8) / PICTURE.h, 1);
  INK.setTransform(ratio, 0, 0, ratio, 0, 0);
  INK.clearRect(0, 0, w, h);
  const dx = (w - PICTURE.w * k) / 2, dy = (h - PICTURE.h * k) / 2;
  const card = hex("wire"), frame = hex("panel2"), line = hex("hair");
  for (const [n, b] of PICTURE.boxes) {
    INK.fillStyle = n === SELECTED ? hex("gradient") : n.d.role === "failure" ? hex("gradient") : isOpen(n) ? frame : card;
    const x = dx + b.x * k, y = dy + b.y * k, bw = Math.max(1, b.w * k), bh = Math.max(0.7, b.h * k);
    INK.fillRect(x, y, bw, bh);
    if (isOpen(n)) { INK.strokeStyle = line; INK.lineWidth = 0.5; INK.strokeRect(x, y, bw, bh); }
  }
  const s = screen();
  INK.strokeStyle = hex("forward");
  INK.lineWidth = 1.5;
  INK.strokeRect(dx - CAMERA.x / CAMERA.k * k, dy - CAMERA.y / CAMERA.k * k, s.w / CAMERA.k * k, s.h / CAMERA.k * k);
}
(function listen() {
  const go = e => {
    const r = MAP.getBoundingClientRect(), s = screen();
    const x = (e.clientX - r.left - (r.width - PICTURE.w * mapScale) / 2) / mapScale, y = (e.clientY - r.top - (r.height - PICTURE.h * mapScale) / 2) / mapScale;
    look(s.w / 2 - x * CAMERA.k, s.h / 2 - y * CAMERA.k, CAMERA.k);
    remember(false);
  };
  MAP.addEventListener("pointerdown", e => { MAP.setPointerCapture(e.pointerId); go(e); });
  MAP.addEventListener("pointermove", e => { if (e.buttons) go(e); });
})();
