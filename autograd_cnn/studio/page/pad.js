// The picture: drawn, taken from a file, a camera or the server's examples; always as the numbers that the network gets.
import { SEEN } from "./maps.js";

const SIDE = 480; // pixels of the pad

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

export class Pad {
  constructor(canvas, size, changed) {
    [this.channels, this.rows, this.columns] = size;
    this.canvas = canvas;
    this.changed = changed;
    canvas.width = canvas.height = SIDE;
    this.ink = sheet(SIDE, SIDE); // what was drawn
    this.small = sheet(this.columns, this.rows);
    this.pen = this.ink.getContext("2d", { willReadFrequently: true });
    this.pen.lineCap = this.pen.lineJoin = "round";
    this.pen.lineWidth = SIDE / 13;
    this.given = null; // a picture that was not drawn
    this.field = null;
    this.patch = null;
    this.wipe();
    canvas.addEventListener("pointerdown", (e) => this.begin(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.last = null; });
  }

  clear() {
    this.wipe();
    this.update();
  }

  wipe() {
    this.pen.fillStyle = "#000";
    this.pen.fillRect(0, 0, SIDE, SIDE);
    this.given = null;
    this.patch = null;
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }

  begin(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    this.move(event);
  }

  move(event) {
    if (!this.last) return;
    const here = this.place(event);
    if (this.occluding) this.patch = here;
    else {
      if (this.given) this.clear();
      this.pen.strokeStyle = "#fff";
      this.pen.beginPath();
      this.pen.moveTo(...this.last);
      this.pen.lineTo(here[0] + 0.01, here[1]);
      this.pen.stroke();
    }
    this.last = here;
    this.update();
  }

  // A picture of the network's own size, as float32 channel by channel.
  take(picture) {
    this.given = picture.slice();
    this.patch = null;
    this.update();
  }

  // An image or a video frame, its middle as large as it fits.
  takeImage(source, width, height) {
    const scale = Math.max(this.columns / width, this.rows / height), pen = this.small.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "high";
    pen.drawImage(source, (this.columns - width * scale) / 2, (this.rows - height * scale) / 2, width * scale, height * scale);
    this.take(this.numbers(this.small));
  }

  numbers(canvas) {
    const data = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, this.columns, this.rows).data, n = this.rows * this.columns;
    const found = new Float32Array(this.channels * n);
    for (let i = 0; i < n; i++) {
      const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
      if (this.channels === 1) found[i] = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
      else { found[i] = r / 255; found[n + i] = g / 255; found[2 * n + i] = b / 255; }
    }
    return found;
  }

  // Where the pad's middle and scale lie in the picture: a digit is put into the middle by its mass, 5/8 of the picture large.
  framing() {
    if (this.given || this.channels > 1) return { scale: this.columns / SIDE, x: 0, y: 0 };
    const data = this.pen.getImageData(0, 0, SIDE, SIDE).data;
    let mass = 0, mx = 0, my = 0, x0 = SIDE, x1 = -1, y0 = SIDE, y1 = -1;
    for (let y = 0; y < SIDE; y += 4) for (let x = 0; x < SIDE; x += 4) {
      const v = data[4 * (y * SIDE + x)];
      if (v < 30) continue;
      mass += v; mx += v * x; my += v * y;
      x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
    }
    if (!mass) return { scale: this.columns / SIDE, x: 0, y: 0 };
    const scale = (Math.min(this.rows, this.columns) * 0.625) / Math.max(x1 - x0, y1 - y0, SIDE / 4);
    return { scale, x: this.columns / 2 - (mx / mass) * scale, y: this.rows / 2 - (my / mass) * scale };
  }

  picture() {
    let found;
    this.frame = this.framing();
    if (this.given) found = this.given.slice();
    else {
      const pen = this.small.getContext("2d", { willReadFrequently: true }), { scale, x, y } = this.frame;
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, this.columns, this.rows);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(this.ink, x, y, SIDE * scale, SIDE * scale);
      found = this.numbers(this.small);
    }
    if (this.patch) {
      const [left, top] = this.inPicture(this.patch), h = this.rows / 8, w = this.columns / 8, n = this.rows * this.columns;
      for (let y = Math.max(0, Math.round(top - h)); y < Math.min(this.rows, top + h); y++)
        for (let x = Math.max(0, Math.round(left - w)); x < Math.min(this.columns, left + w); x++)
          for (let c = 0; c < this.channels; c++) found[c * n + y * this.columns + x] = 0.5;
    }
    return found;
  }

  inPicture([x, y]) { return [x * this.frame.scale + this.frame.x, y * this.frame.scale + this.frame.y]; }

  onPad(x, y) { return [(x - this.frame.x) / this.frame.scale, (y - this.frame.y) / this.frame.scale]; }

  update() {
    this.numbersNow = this.picture();
    this.draw();
    this.changed(this.numbersNow);
  }

  see(field) {
    this.field = field;
    this.draw();
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    if (this.given || this.patch) {
      const n = this.rows * this.columns, image = this.small.getContext("2d").createImageData(this.columns, this.rows), from = this.given ?? this.numbersNow;
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * from[(this.channels === 1 ? 0 : c) * n + i];
        image.data[4 * i + 3] = 255;
      }
      this.small.getContext("2d").putImageData(image, 0, 0);
    }
    if (this.given) pen.drawImage(this.small, 0, 0, SIDE, SIDE);
    else pen.drawImage(this.ink, 0, 0);
    if (this.patch) {
      const [x0, y0] = this.inPicture(this.patch), half = [this.columns / 8, this.rows / 8];
      const [left, top] = this.onPad(x0 - half[0], y0 - half[1]), [right, bottom] = this.onPad(x0 + half[0], y0 + half[1]);
      pen.fillStyle = "#808080";
      pen.fillRect(left, top, right - left, bottom - top);
    }
    if (this.field) {
      const [[y0, y1], [x0, x1]] = this.field, [left, top] = this.onPad(x0, y0), [right, bottom] = this.onPad(x1 + 1, y1 + 1);
      pen.strokeStyle = SEEN;
      pen.lineWidth = 4;
      pen.strokeRect(left, top, right - left, bottom - top);
    }
  }
}
