"""The picture of windows that slide: input, window, kernel and output as grids, and the arithmetic of a window below."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..canvas import symbols as marks
from ..canvas.drawing import Drawing
from ..canvas.frames import Frames
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Scene, runs_width
from ..canvas.text import Words, shape
from ..view.arrays import Array
from .sliding import Index, Sliding
from .sliding_text import arithmetic, entry_text, formula, numbers_text, symbols

SIZE = 11.5  # of the numbers in cells
LINE = 18.0


def two(at: Index) -> tuple[int, int]:
    """A place in a grid; a signal is a grid of one row."""
    return (0, at[0]) if len(at) == 1 else (at[0], at[1])


@dataclass(slots=True)
class Board:
    """Where everything stands, the same in every frame."""

    s: Sliding
    words: Words
    precision: int
    cell: float = 26.0
    out_cell: float = 26.0
    tag: str = ""  # goes before the ids, where several frames stand in one picture

    @staticmethod
    def of(s: Sliding, words: Words, precision: int) -> Board:
        board = Board(s, words, precision)
        if not s.x.size:
            board.out_cell = board.cell if s.kind == "transposed" else 17.0
            return board
        shown = [*board.entries(s.x), *(board.entries(s.w)), *board.results()]
        widest = max(text_width(t, SIZE) for t in shown)
        board.cell = board.out_cell = max(26.0, widest + 9)
        return board

    def entries(self, a: Array) -> list[str]:
        return [entry_text(float(v), self.whole, self.precision, self.words) for v in a.flat]

    def results(self) -> list[str]:
        done = self.s.output(len(self.s.frames()))
        return [entry_text(v, self.whole, self.precision, self.words) for v in done.values()]

    @property
    def whole(self) -> bool:
        """Are all given numbers whole?"""
        given = [a for a in (self.s.x, self.s.w) if a.size]
        return all(bool(np.all(a == np.rint(a))) for a in given)

    # ---------------------------------------------------------------------------------------------- sizes in cells
    @property
    def field(self) -> Index:
        """Rows and columns of the grid the window slides over, without padding."""
        s = self.s
        rows, columns = two(s.outputs if s.kind == "transposed" else s.inputs)
        return (max(rows, 1) if len(s.inputs) == 2 else 1, columns)

    def ring(self) -> tuple[int, int, int, int]:
        """Cells of padding: above, below, left, right."""
        extra = self.s.extra or (0,) * len(self.s.along)  # uncovers what padding cuts off at the end
        sides = [(a.before, max(0, a.after - e)) for a, e in zip(self.s.along, extra, strict=True)]
        return (*(sides[0] if len(sides) == 2 else (0, 0)), *sides[-1])

    def hang(self) -> tuple[int, int]:
        """Cells by which the last window hangs over the padded input, downwards and to the right."""
        if self.s.kind == "transposed":
            return (0, 0)
        ends = [self.s.taps(at)[-1] for at in (self.s.frames()[-1][1], tuple(a.count - 1 for a in self.s.along))]
        found = [max(0, max(e[d] for e in ends) + 1 - a.size - a.after) for d, a in enumerate(self.s.along)]
        return (0, found[0]) if len(found) == 1 else (found[0], found[1])

    @property
    def whole_field(self) -> tuple[float, float]:
        """Width and height of that grid with its padding and what hangs over."""
        (rows, columns), (top, bottom, left, right), (down, over) = self.field, self.ring(), self.hang()
        return (left + columns + right + over) * self.cell, (top + rows + bottom + down) * self.cell

    @property
    def kernel(self) -> tuple[int, int]:
        reach = tuple(a.kernel for a in self.s.along)
        return (1, reach[0]) if len(reach) == 1 else (reach[0], reach[1])

    def grid_of(self, sizes: Index) -> tuple[int, int]:
        rows, columns = two(sizes)
        return (1 if len(sizes) == 1 else rows, columns)


# ------------------------------------------------------------------------------------------------------- one frame
def panel(group: Group, b: Board, frame: int, x: float, y: float, header: str | None = None) -> tuple[float, float]:
    """Draw the state after this frame (counted from 0) with its left upper corner at (x, y); width and height."""
    s = b.s
    o, at = s.frames()[frame]
    top = y
    if header:
        group.group(f"{b.tag}header").text(x, y + 10, header, 12.5, "bold")
        y += 26
    draw = _spread if s.kind == "transposed" else _gather
    width, height = draw(group, b, o, at, frame, x, y)
    below = y + height + 14
    wide, used = _told(group, b, o, at, x, below)
    width = max(width, wide, text_width(header or "", 12.5, "bold"))
    return width, below + used - top


def _told(group: Group, b: Board, o: int, at: Index, x: float, y: float) -> tuple[float, float]:
    """The sizes by formula, what would mend a misfit, and the arithmetic of this window."""
    lines = [*formula(b.s, b.words), *arithmetic(b.s, o, at, b.whole, b.precision, b.words)]
    for k, runs in enumerate(lines):
        group.text(x, y + 10 + k * LINE, runs, 12.5)
    frames = b.s.frames()
    most = max(len(arithmetic(b.s, *f, b.whole, b.precision, b.words)) for f in (frames[0], frames[-1]))
    rows = len(formula(b.s, b.words)) + most
    widths = [runs_width(r, 12.5) for f in frames[:: max(1, len(frames) // 24)] for r in arithmetic(b.s, *f, b.whole, b.precision, b.words)]
    return max([*widths, *(runs_width(r, 12.5) for r in lines)]), rows * LINE


def _gather(group: Group, b: Board, o: int, at: Index, frame: int, x: float, y: float) -> tuple[float, float]:
    """Windows of the input make entries of the output: convolution and pooling."""
    s, c = b.s, b.cell
    wide, tall = b.whole_field
    gap = 26.0 if s.channels > 1 else 0.0
    close = s.w.size and tall - b.kernel[0] * c < 30  # is there no room for the kernel's caption beside the input?
    heads = 16.0 if s.channels > 1 or close else 0.0
    hung = s.hangs(at)
    column = s.channels * (tall + gap) - gap
    for k in range(s.channels):
        up = y + heads + k * (tall + gap)
        if s.channels > 1:
            group.text(x, up - 6, b.words("channel", k + 1), 11, ink="muted")
        _field(group, b, k, {two(t) for t in s.taps(at)}, x, up)
        _window(group, b, k, at, x, up, hung)
    used = heads + column
    _dots(group, b, at, x, y + used + 13)
    middle = y + heads + column / 2
    right = x + wide
    if s.w.size:
        rows, columns = b.kernel
        left = right + 44
        for k in range(s.channels):
            up = y + heads + k * (tall + gap) + (tall - rows * c) / 2
            marks.star(group, right + 22, up + rows * c / 2)
            _kernel(group, b, o, k, left, up)
        label = b.words("flipped kernel" if s.flipped else "kernel")
        first = y + heads + (tall - rows * c) / 2
        group.text(left + columns * c / 2, first - 6, label, 11, ink="muted", anchor="middle")
        right = left + max(columns * c, (columns * c + text_width(label, 11)) / 2)
    end = _outputs(group, b, o, at, frame, right, middle, hung)
    return end - x, max(used + 38, heads + column / 2 + _outputs_height(b) / 2)


def _field(group: Group, b: Board, channel: int, under: set[tuple[int, int]], x: float, y: float) -> None:
    """The grid of one channel in its ring of padding; the numbers under the window are written with it."""
    s, c = b.s, b.cell
    (rows, columns), (top, bottom, left, right) = b.field, b.ring()
    rim = [(i, j) for i in range(-top, rows + bottom) for j in range(-left, columns + right) if not (0 <= i < rows and 0 <= j < columns)]
    if rim:
        ring = group.group(f"{b.tag}padding-{channel}", "padding", b.words("padding"))
        for i, j in rim:
            ring.rect(x + (left + j) * c, y + (top + i) * c, c, c, stroke="hair", dash="2 2")
        for i, j in rim:
            if (i, j) not in under:
                u, v = x + (left + j + 0.5) * c, y + (top + i + 0.5) * c
                ring.text(u, v + 4, "−∞" if s.kind == "max" else "0", 10, ink="faint", anchor="middle")
    cells = group.group(f"{b.tag}input-{channel}", "input", b.words("input"))
    for i in range(rows):
        for j in range(columns):
            cells.rect(x + (left + j) * c, y + (top + i) * c, c, c, fill="card", stroke="hair")
    if s.x.size and s.kind != "transposed":
        plane = s.x[channel].reshape(rows, columns)
        for i in range(rows):
            for j in range(columns):
                if (i, j) in under:
                    continue
                text = entry_text(float(plane[i, j]), b.whole, b.precision, b.words)
                cells.text(x + (left + j + 0.5) * c, y + (top + i + 0.5) * c + 4, text, SIZE, anchor="middle")


def _window(group: Group, b: Board, channel: int, at: Index, x: float, y: float, hung: bool) -> None:
    """The window at its place: its taps filled, what hangs over the edge hatched, a border around it all."""
    s, c = b.s, b.cell
    (rows, columns), (top, bottom, left, right) = b.field, b.ring()
    ink, paper = ("gradient", "gradient-paper") if hung else ("series-1", "window-paper")
    g = group.group(None, "window", b.words("does not fit") if hung else b.words("window"))
    taps = [two(t) for t in s.taps(at)]
    chosen = _chosen(s, channel, at)
    for k, (i, j) in enumerate(taps):
        u, v = x + (left + j) * c, y + (top + i) * c
        beyond = not (-top <= i < rows + bottom and -left <= j < columns + right)
        full = k in chosen
        g.rect(u, v, c, c, fill=ink if full else paper, stroke=ink, line=0.8)
        if beyond:
            marks.hatch(g, u, v, c, c, ink)
            continue
        inside = 0 <= i < rows and 0 <= j < columns
        if not inside:
            g.text(u + c / 2, v + c / 2 + 4, "−∞" if s.kind == "max" else "0", 10, ink="muted", anchor="middle")
        elif s.x.size:
            text = entry_text(float(s.x[channel].reshape(rows, columns)[i, j]), b.whole, b.precision, b.words)
            g.text(u + c / 2, v + c / 2 + 4, text, SIZE, "bold" if full else "sans", "inverse" if full else "ink", "middle")
    (i0, j0), (i1, j1) = taps[0], taps[-1]
    g.rect(x + (left + j0) * c, y + (top + i0) * c, (j1 - j0 + 1) * c, (i1 - i0 + 1) * c, 1.5, stroke=ink, line=2)


def _chosen(s: Sliding, channel: int, at: Index) -> tuple[int, ...]:
    """Which tap a maximum takes: the first of the greatest."""
    if s.kind != "max" or not s.x.size:
        return ()
    values = [s.read(channel, t) for t in s.taps(at)]
    return (int(np.argmax(values)),)


def _dots(group: Group, b: Board, at: Index, x: float, y: float) -> None:
    """A dot for every place of the window along a row: done, here (ringed), to come (pale), beyond (open)."""
    s, c = b.s, b.cell
    a, here = s.along[-1], at[-1]
    total = a.count + (0 if s.fits or a.fits or a.ceil else 1)
    word = b.words(("signal " if len(s.along) == 1 else "") + ("position" if a.count == 1 else "positions"), a.count)
    row = group.group(None, "positions", word)
    for k in range(total):
        u = x + (k * a.stride + a.span / 2) * c
        if k >= a.count:
            row.circle(u, y, 3.4, fill="paper", stroke="gradient", line=1.4)
        else:
            row.circle(u, y, 3.4, fill="series-1" if k <= here else "hair")
            if k == here:
                row.circle(u, y, 6.2, stroke="series-1", line=1.2)
    group.text(x, y + 22, word, 11.5, ink="muted")


def _kernel(group: Group, b: Board, o: int, channel: int, x: float, y: float) -> None:
    s, c = b.s, b.cell
    rows, columns = b.kernel
    g = group.group(f"{b.tag}kernel-{channel}", "kernel", b.words("kernel"))
    plane = s.w[o, channel].reshape(rows, columns)
    for i in range(rows):
        for j in range(columns):
            g.rect(x + j * c, y + i * c, c, c, fill="parameter-paper", stroke="parameter-line")
            text = entry_text(float(plane[i, j]), b.whole, b.precision, b.words)
            g.text(x + (j + 0.5) * c, y + (i + 0.5) * c + 4, text, SIZE, ink="parameter", anchor="middle")


def _outputs_height(b: Board) -> float:
    rows = b.grid_of(b.s.outputs)[0]
    gap = 26.0 if b.s.maps > 1 else 0.0
    return b.s.maps * (rows * b.out_cell + gap) - gap + 22


def _outputs(group: Group, b: Board, o: int, at: Index, frame: int, x: float, middle: float, hung: bool) -> float:
    """The output: done, here, and to come; its right end."""
    s, c = b.s, b.out_cell
    rows, columns = b.grid_of(s.outputs)
    if not hung:
        marks.wire(group, [(x + 10, middle), (x + 46, middle)], role="wire", line=1.2, head=6.5)
    left = x + 56
    gap = 26.0 if s.maps > 1 else 0.0
    top = middle - (s.maps * (rows * c + gap) - gap) / 2
    done = s.output(frame + 1)
    pooled = s.pools
    order = {f: k for k, f in enumerate(s.frames())}
    for m in range(s.maps):
        up = top + m * (rows * c + gap)
        g = group.group(f"{b.tag}output-{m}", "output", f"{b.words('output')} {shape(s.outputs)}")
        for i, j in itertools.product(range(rows), range(columns)):
            g.rect(left + j * c, up + i * c, c, c, fill="card", stroke="hair")
        if s.maps > 1:
            g.text(left, up - 6, b.words("channel", m + 1), 11, ink="muted")
        for i in range(rows):
            ready = sum(order[0 if pooled else m, (j,) if len(s.outputs) == 1 else (i, j)] <= frame for j in range(columns))
            if ready:
                g.rect(left, up + i * c, ready * c, c, fill="window-paper", stroke="hair")
                between = [(k, left + j * c, up + i * c + c * (k == "L")) for j in range(1, ready) for k in "ML"]
                g.path(list(between), stroke="hair")
            for j in range(columns):
                place = (j,) if len(s.outputs) == 1 else (i, j)
                here = not hung and place == at and (pooled or m == o)
                if here:
                    g.rect(left + j * c, up + i * c, c, c, fill="series-1", stroke="hair")
                if (m, place) in done:
                    text = entry_text(done[m, place], b.whole, b.precision, b.words)
                    g.text(
                        left + (j + 0.5) * c,
                        up + (i + 0.5) * c + 4,
                        text,
                        SIZE,
                        "bold" if here else "sans",
                        "inverse" if here else "ink",
                        "middle",
                    )
    bottom = top + s.maps * (rows * c + gap) - gap
    label = " × ".join(map(str, s.outputs))
    wide = max(columns * c, text_width(label, 12.5, "bold"))
    group.text(
        left + columns * c / 2 if wide == columns * c else left,
        bottom + 18,
        label,
        12.5,
        "bold",
        "forward",
        "middle" if wide == columns * c else "start",
    )
    return left + wide


def _spread(group: Group, b: Board, o: int, at: Index, frame: int, x: float, y: float) -> tuple[float, float]:
    """Entries of the input spread over windows of the output: transposed convolution."""
    s, c = b.s, b.cell
    rows, columns = b.grid_of(s.inputs)
    wide, tall = b.whole_field
    heads = 16.0 if s.channels > 1 or s.w.size else 0.0
    gap = 26.0
    krows, kcolumns = b.kernel
    each = max(rows, krows if s.w.size else 0) * c
    column = s.channels * (each + gap) - gap
    height = max(column, tall)
    start = y + heads + (height - column) / 2
    for k in range(s.channels):
        up = start + k * (each + gap) + (each - rows * c) / 2
        if s.channels > 1:
            group.text(x, start + k * (each + gap) - 6, b.words("channel", k + 1), 11, ink="muted")
        g = group.group(f"{b.tag}input-{k}", "input", b.words("input"))
        for i, j in itertools.product(range(rows), range(columns)):
            g.rect(x + j * c, up + i * c, c, c, fill="card", stroke="hair")
        for i in range(rows):
            for j in range(columns):
                here = (i, j) == two(at)
                if here:
                    g.rect(x + j * c, up + i * c, c, c, fill="series-1", stroke="hair")
                if s.x.size:
                    text = entry_text(float(s.x[k].reshape(rows, columns)[i, j]), b.whole, b.precision, b.words)
                    g.text(
                        x + (j + 0.5) * c,
                        up + (i + 0.5) * c + 4,
                        text,
                        SIZE,
                        "bold" if here else "sans",
                        "inverse" if here else "ink",
                        "middle",
                    )
    right = x + columns * c
    if s.w.size:
        left = right + 40
        for k in range(s.channels):
            up = start + k * (each + gap) + (each - krows * c) / 2
            marks.times(group, right + 20, up + krows * c / 2)
            _kernel(group, b, 0, k, left, up)
        label = b.words("flipped kernel" if s.flipped else "kernel")
        group.text(left + kcolumns * c / 2, start + (each - krows * c) / 2 - 6, label, 11, ink="muted", anchor="middle")
        right = left + max(kcolumns * c, (kcolumns * c + text_width(label, 11)) / 2)
    middle = y + heads + height / 2
    marks.wire(group, [(right + 10, middle), (right + 46, middle)], role="wire", line=1.2, head=6.5)
    left, up = right + 56, y + heads + (height - tall) / 2
    _landing(group, b, at, frame, left, up)
    label = " × ".join(map(str, s.outputs))
    group.text(left + wide / 2, up + tall + 18, label, 12.5, "bold", "forward", "middle")
    return left + max(wide, (wide + text_width(label, 12.5, "bold")) / 2) - x, heads + height + 26


def _landing(group: Group, b: Board, at: Index, frame: int, x: float, y: float) -> None:
    """The output of a transposed convolution, the window where the entry lands, and the rim that padding cuts off."""
    s, c = b.s, b.cell
    (rows, columns), (top, bottom, left, right) = b.field, b.ring()
    before, done = s.output(frame), s.output(frame + 1)
    under = {two(t) for t in s.taps(at)}
    touched = {two(t) for f in s.frames()[: frame + 1] for t in s.taps(f[1])}
    g = group.group(None, "output", f"{b.words('output')} {numbers_text(s.outputs)}")
    for i in range(-top, rows + bottom):
        for j in range(-left, columns + right):
            u, v = x + (left + j) * c, y + (top + i) * c
            inside = 0 <= i < rows and 0 <= j < columns
            hit = (i, j) in under
            fill = "window-paper" if hit else "panel2" if inside and (i, j) in touched else "card" if inside else None
            g.rect(u, v, c, c, fill=fill, stroke="hair", dash=None if inside else "2 2")
            place = (j,) if len(s.outputs) == 1 else (i, j)
            if not inside:
                marks.hatch(g, u, v, c, c, "hair")
            elif (0, place) in done:
                changed = done[0, place] != before.get((0, place))
                text = entry_text(done[0, place], b.whole, b.precision, b.words)
                g.text(u + c / 2, v + c / 2 + 4, text, SIZE, "bold" if changed else "sans", anchor="middle")
    taps = sorted(under)
    (i0, j0), (i1, j1) = taps[0], taps[-1]
    w = group.group(None, "window", b.words("window"))
    w.rect(x + (left + j0) * c, y + (top + i0) * c, (j1 - j0 + 1) * c, (i1 - i0 + 1) * c, 1.5, stroke="series-1", line=2)


# ------------------------------------------------------------------------------------------------------- scenes
class Windows(Frames):
    """The windows as frames; `overview` shows some of them beside each other in one picture."""

    def __init__(self, s: Sliding, words: Words, title: str, subtitle: str | None, precision: int, theme: str, prefix: str) -> None:
        self.board, self.title, self.subtitle = Board.of(s, words, precision), title, subtitle
        scenes = [_scene(self.board, [k], title, subtitle) for k in range(len(s.frames()))]
        width, height = max(f.width for f in scenes), max(f.height for f in scenes)
        for f in scenes:
            f.width, f.height = width, height
        super().__init__(scenes, [_described(self.board, k) for k in range(len(scenes))], theme, prefix)

    @property
    def overview(self) -> Drawing:
        """The first window, one in the middle, the last, and the one that does not fit."""
        return Drawing(_scene(self.board, chosen_frames(self.board.s), self.title, self.subtitle), self.theme, self.prefix)


def chosen_frames(s: Sliding) -> list[int]:
    """The windows a single picture shows."""
    last = len(s.frames()) - 1
    return sorted({0, last // 2, last} if s.fits else {0, last - 1, last} - {-1})


def _scene(b: Board, frames: list[int], title: str, subtitle: str | None) -> Scene:
    s, words = b.s, b.words
    scene = Scene(title=title, name="windows", lang=words.lang)
    head = scene.group("heading")
    wide = marks.heading(head, title, symbols(s, words) if subtitle is None else subtitle)
    x, y, tall = marks.MARGIN, marks.HEADING + 8, 0.0
    right, told, below = x, [], len(s.along) == 1  # signals stand below each other, pictures side by side
    for k in frames:
        # a frame by itself is no group: what it shares with the next one is found part by part
        g = scene if len(frames) == 1 else scene.group(f"window-{k + 1}", "frame", _header(b, k), window=k + 1, windows=len(s.frames()))
        b.tag = "" if len(frames) == 1 else f"window-{k + 1}-"
        width, height = panel(g, b, k, x, y, _header(b, k))
        told.append(_described(b, k))
        right, tall = max(right, x + width), max(tall, y + height)
        x, y = (x, y + height + 26) if below else (x + width + 56, y)
    scene.width = max(right, wide + marks.MARGIN) + marks.MARGIN
    scene.height = tall + marks.MARGIN - 8
    kind = words(f"kind {s.kind}")
    facts = words("windows desc", kind, numbers_text(s.inputs), numbers_text(tuple(a.kernel for a in s.along)), numbers_text(s.outputs))
    scene.desc = f"{facts} {' '.join(told)}"
    return scene


def _header(b: Board, k: int) -> str:
    frames = b.s.frames()
    return b.words("window over", k + 1) if b.s.hangs(frames[k][1]) else b.words("window of", k + 1, len(frames))


def _described(b: Board, k: int) -> str:
    o, at = b.s.frames()[k]
    lines = [*formula(b.s, b.words), *arithmetic(b.s, o, at, b.whole, b.precision, b.words)]
    return f"{_header(b, k)}: {'; '.join(''.join(r.text for r in runs).strip() for runs in lines)}."
