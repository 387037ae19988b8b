// One stage as a picture: its maps side by side on a canvas, which the flat view shows and the view in space lays on a plane.
const LARGEST = 1400; // pixels of a canvas along its longer side
const HEAT = [[13, 20, 58], [28, 76, 140], [30, 148, 139], [126, 204, 94], [253, 231, 76]];
const SIGNS = [[33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130], [178, 24, 43]];
export const MARK = "#ff5a1f", SEEN = "#ffb02e";

function table(stops) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
    return stops[low].map((v, k) => Math.round(v + (stops[low + 1][k] - v) * (at - low)));
  });
}
const COLOURS = { forward: table(HEAT), backward: table(SIGNS), picture: table([[0, 0, 0], [255, 255, 255]]) };

export class Maps {
  constructor(number, stage) {
    const [count, rows, columns] = stage.shape;
    this.number = number;
    this.stage = stage;
    this.unit = rows * columns === 1 ? 3 : 1; // a unit alone is drawn larger than a pixel of a map
    this.cell = [rows * this.unit, columns * this.unit];
    this.gap = this.unit > 1 ? 1 : Math.max(1, Math.round(columns / 14));
    const side = (this.cell[0] + this.gap) / (this.cell[1] + this.gap);
    this.across = Math.max(1, Math.min(count, Math.ceil(Math.sqrt(count * side * 4.5))));
    this.down = Math.ceil(count / this.across);
    this.width = this.across * (this.cell[1] + this.gap) - this.gap;
    this.height = this.down * (this.cell[0] + this.gap) - this.gap;
    this.scale = Math.max(1, Math.min(8, Math.floor(LARGEST / Math.max(this.width, this.height))));
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.width * this.scale;
    this.canvas.height = this.height * this.scale;
    this.small = document.createElement("canvas");
    this.small.width = this.width;
    this.small.height = this.height;
    this.image = this.small.getContext("2d").createImageData(this.width, this.height);
    this.values = new Uint8Array(count * rows * columns);
  }

  // Where map c begins, in pixels of the unscaled canvas.
  corner(c) {
    return [Math.floor(c / this.across) * (this.cell[0] + this.gap), (c % this.across) * (this.cell[1] + this.gap)];
  }

  paint(values, pass) {
    const [count, rows, columns] = this.stage.shape, u = this.unit, data = this.image.data;
    const colours = COLOURS[pass === "backward" ? "backward" : this.number ? "forward" : "picture"];
    this.values = values;
    for (let c = 0, at = 0; c < count; c++) {
      const [top, left] = this.corner(c);
      for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++, at++) {
        const [r, g, b] = colours[values[at]];
        for (let i = 0; i < u; i++) for (let j = 0; j < u; j++) {
          const to = 4 * ((top + y * u + i) * this.width + left + x * u + j);
          data[to] = r; data[to + 1] = g; data[to + 2] = b; data[to + 3] = 255;
        }
      }
    }
    this.small.getContext("2d").putImageData(this.image, 0, 0);
  }

  // The picture with what is marked: the chosen unit, and what it saw (maps, rows and columns, or all: null).
  show(unit, seen) {
    const pen = this.canvas.getContext("2d"), s = this.scale;
    pen.imageSmoothingEnabled = false;
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.small, 0, 0, this.canvas.width, this.canvas.height);
    if (seen !== undefined) {
      pen.strokeStyle = SEEN;
      pen.lineWidth = Math.max(2, s / 3);
      if (seen === null) pen.strokeRect(1, 1, this.canvas.width - 2, this.canvas.height - 2);
      else for (let c = seen[0][0]; c <= seen[0][1]; c++) {
        const [top, left] = this.corner(c), [, [y0, y1], [x0, x1]] = seen, u = this.unit * s;
        pen.strokeRect(left * s + x0 * u, top * s + y0 * u, (x1 - x0 + 1) * u, (y1 - y0 + 1) * u);
      }
    }
    if (unit) {
      const [c, y, x] = unit, [top, left] = this.corner(c), u = this.unit * s, around = Math.max(2, s / 2);
      pen.strokeStyle = MARK;
      pen.lineWidth = around;
      pen.strokeRect(left * s + x * u - around / 2, top * s + y * u - around / 2, u + around, u + around);
    }
  }

  // The entry at a place of the canvas, 0 … 1 from its left and its top.
  at(right, down) {
    const px = right * this.width, py = down * this.height, [count, rows, columns] = this.stage.shape;
    const i = Math.floor(py / (this.cell[0] + this.gap)), j = Math.floor(px / (this.cell[1] + this.gap)), c = i * this.across + j;
    const y = Math.floor((py - i * (this.cell[0] + this.gap)) / this.unit), x = Math.floor((px - j * (this.cell[1] + this.gap)) / this.unit);
    return c < count && j < this.across && y >= 0 && y < rows && x >= 0 && x < columns ? [c, y, x] : null;
  }

  // The middle of an entry, 0 … 1 from the canvas's left and top.
  middle([c, y, x]) {
    const [top, left] = this.corner(c);
    return [(left + (x + 0.5) * this.unit) / this.width, (top + (y + 0.5) * this.unit) / this.height];
  }
}
