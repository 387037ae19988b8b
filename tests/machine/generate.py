"""Programs drawn at random, as trees of lines. What is drawn follows the library's promises: each program is one that a user may write."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Node = Any  # a line, or (head, list of nodes)


@dataclass
class Program:
    """`setup` runs once, `body` for each of `steps`."""

    setup: list[Node]
    body: list[Node]
    steps: int
    features: set[str] = field(default_factory=set)

    def text(self) -> str:
        head = f"for step in range({self.steps}):"
        return "\n".join([*_lines(self.setup, ""), *_lines([(head, self.body)], "")]) + "\n"


def _lines(nodes: list[Node], indent: str) -> list[str]:
    out = []
    for node in nodes:
        if isinstance(node, str):
            out += [indent + line for line in node.split("\n")]
        else:
            out.append(indent + node[0])
            out += _lines(node[1], indent + "    ") or [indent + "    pass"]
    return out


IMAGES = [
    (2, 8, 24, 24),
    (2, 16, 16, 16),
    (1, 8, 32, 32),
    (1, 16, 16, 16),
    (1, 4, 46, 45),
    (4, 4, 24, 24),
    (2, 3, 37, 38),
    (2, 3, 9, 7),
    (1, 8, 5, 6),
    (3, 2, 11, 11),
    (2, 32, 12, 12),
    (1, 6, 37, 37),
]
MATRICES = [(128, 96), (64, 130), (96, 128), (33, 70), (7, 5), (64, 64), (130, 64), (4, 24, 90), (3, 40, 70), (4, 33, 64)]
ACTS = [
    "F.relu({})",
    "m.relu({})",
    "{}.relu()",
    "F.relu({}, inplace=True)",
    "{}.relu_()",
    "m.tanh({})",
    "m.sigmoid({})",
    "F.leaky_relu({}, 0.1)",
    "F.silu({})",
    "{}.clamp(min=0.0)",
    "F.leaky_relu({}, 0.2, inplace=True)",
]
ACT_LAYERS = ["nn.ReLU()", "nn.ReLU(inplace=True)", "nn.Tanh()", "nn.Sigmoid()", "nn.LeakyReLU(0.1)", "nn.SiLU()"]
CHANGES = ["by_copy", "by_mul", "by_init", "by_data", "by_load", "by_thread", "by_step", "by_numpy"]
INSIDE = {
    "relu": "m.relu(g)",
    "sigmoid": "m.sigmoid(g)",
    "tanh": "m.tanh(g)",
    "leaky": "F.leaky_relu(g, 0.1)",
    "clamp": "g.clamp(min=0.0)",
    "silu": "F.silu(g)",
}


class Generator:
    """One program. `without`: features that are left out."""

    def __init__(self, seed: int, without: frozenset[str] = frozenset()) -> None:
        self.r = random.Random(seed)
        self.without, self.features = without, set[str]()
        self.count = 0
        self.setup: list[Node] = []
        self.leaves: list[str] = []
        self.nets: list[tuple[str, list[str], tuple[int, ...]]] = []  # name, tags of layers whose weights may change, shape of the input
        self.reentrant = False
        self.rank = 4

    # ------------------------------------------------------------------------------------------ small things
    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def seed(self) -> int:
        return self.r.randrange(1000)

    def maybe(self, p: float, feature: str = "") -> bool:
        hit = self.r.random() < p
        if not hit or not feature:
            return hit
        if feature in self.without:
            return False
        self.features.add(feature)
        return True

    def leaf(self, *shape: int) -> str:
        name = self.new("w")
        self.setup.append(f"{name} = W({self.seed()}, {', '.join(map(str, shape))})")
        self.leaves.append(name)
        return name

    # ------------------------------------------------------------------------------------------ what happens between two lines
    def events(self, density: float, fresh: bool, between: bool = False) -> list[Node]:
        """Looks, hooks, retained gradients, writes and views on `h`; `between` a norm and its activation, mostly who looks at gradients."""
        out: list[Node] = []
        r = self.r
        if r.random() > density:
            return out
        for _ in range(r.choice([1, 1, 2])):
            lookers = between and r.random() < 0.6
            kind = r.choice(
                ["hook", "retain", "inner", "keep"]
                if lookers
                else ["keep", "keep", "hook", "hook", "retain", "change", "writes", "inner", "write", "view", "view", "see", "function"]
            )
            tag = self.new("k")
            if kind == "keep":
                out.append(f'keep.append(("{tag}", h))')
            elif kind == "see":
                out.append(f'see("{tag}", h)')
            elif kind == "hook":
                out.append(f'h.requires_grad and h.register_hook(lambda g: keep.append(("{tag}", g)))')
            elif kind == "retain" and self.maybe(1, "retain_grad"):
                out += ["h.requires_grad and h.retain_grad()", f'h.requires_grad and retained.append(("{tag}", h))']
            elif kind == "change":
                out.append("h.requires_grad and h.register_hook(lambda g: g * 0.5)")
            elif kind == "writes" and self.maybe(1, "hook that writes"):
                out += ["h = h * 1.25", "h.requires_grad and h.register_hook(halve)", "h = h * 0.75"]
            elif kind == "inner":
                out.append("h.requires_grad and inner.append(h)")
            elif kind == "write" and self.maybe(1, "in place"):
                out += [] if fresh else ["h = h * 1.5"]
                out.append(
                    r.choice(["h.mul_(0.5)", "h.add_(0.25)", "h += 0.5", "h *= 0.8", f"h.add_(T({self.seed()}, *h.shape))", "h.sub_(0.1)"])
                )
            elif kind == "view" and self.maybe(1, "views"):
                out += [] if fresh else ["h = h + 0.5"]
                out += self.view(tag)
            elif kind == "function" and self.maybe(1, "custom Function"):
                out += self.function()
        return out

    def view(self, tag: str) -> list[Node]:
        """A view of `h`, a write through it or through `h`, and a look at both."""
        r = self.r
        v = self.new("v")
        makes = [
            f"{v} = h[:, :2]",
            f"{v} = h[0]",
            f"{v} = h.transpose(0, 1)",
            f"{v} = h.view(h.shape[0], -1)",
            f"{v} = h[:, 1:]",
            f"{v} = h.detach()",
            f"{v} = h.narrow(1, 0, 2)",
            f"{v} = h[..., 0]",
            f"{v} = h.unsqueeze(0)",
        ]
        makes += [f"{v} = h[:, :, 1:]", f"{v} = h[:, 1:, 0]"] if self.rank > 2 else []
        if self.maybe(0.5, "chunk"):
            makes = [f"{v} = h.chunk(2, 1)[0]", f"{v} = h.split(1, 1)[-1]", f"{v}, _ = h.chunk(2, 1)", f"{v} = h.split(2, 1)[0]"]
        out: list[Node] = [r.choice(makes)]
        if self.maybe(0.3, "view of a view"):
            out.append(f"{v} = {v}[1:]")
        write = r.choice(
            [
                f"{v}.mul_(0.5)",
                f"{v}.add_(0.25)",
                f"{v}.zero_()",
                "h.mul_(0.75)",
                "h.add_(0.5)",
                f"{v}[0] = 0.5",
                "h[:, 0] = 0.25",
                f"{v}.copy_(T({self.seed()}, *{v}.shape))",
                f"{v}.fill_(0.3)",
            ]
        )
        if self.features & {"chunk"} and ("chunk" in out[0] or "split" in out[0]) and write.startswith(v) and r.random() < 0.7:
            write = f"if not {v}.requires_grad: {write}"  # what several views show at once may be written to where nothing is recorded
        if "detach" in out[0]:
            write = r.choice([f"{v}.mul_(0.5)", f"{v}.add_(0.25)"])
            out = [("if not m.is_grad_enabled():", [*out, write])]
            return [*out, f'keep.append(("{tag}h", h))']
        return [*out, write, f'keep.append(("{tag}v", {v}))', f'keep.append(("{tag}h", h))']

    def function(self) -> list[Node]:
        """A custom Function between two values, with a backward that does something to `g`."""
        r = self.r
        name, kind = self.new("Custom"), r.choice([*INSIDE, "conv", "saved", "measured", "kept", "x"])
        made, back = "x * 1.5", [f"a = {INSIDE.get(kind, 'g')}", "return g - a"]
        if kind == "conv":
            if self.rank != 4:
                return []
            back = ["a = F.conv2d(g, m.ones(g.shape[1], 1, 3, 3, dtype=dtype) * 0.1, padding=1, groups=g.shape[1])", "return g - a"]
        elif kind == "measured":
            act = r.choice(list(INSIDE.values()))
            back = [f'keep.append(("{self.new("k")}", ({act}).mean()))', "return g"]
        elif kind == "kept":
            back = [f'keep.append(("{self.new("k")}", g))', f"return {r.choice(list(INSIDE.values()))}"]
        elif kind == "saved":
            back = ["x, = ctx.saved_tensors", "return g * m.tanh(x)"]
        elif kind == "x":
            made, back = "m.relu(x)", ["x, = ctx.saved_tensors", "a = m.relu(x)", "return g * a + m.relu(g)"]
        self.setup.append(
            (
                f"class {name}(m.autograd.Function):",
                [
                    "@staticmethod",
                    ("def forward(ctx, x):", ["ctx.save_for_backward(x)", f"return {made}"]),
                    "@staticmethod",
                    ("def backward(ctx, g):", back),
                ],
            )
        )
        return [f"h = {name}.apply(h)"]

    # ------------------------------------------------------------------------------------------ layers
    def chain(
        self, shape: tuple[int, ...], length: int, layers: list[Node] | None, cls: str, tags: list[str], density: float
    ) -> tuple[list[Node], tuple[int, ...]]:
        """Lines that take `h` of `shape` on; `layers`: where a module's layers are made, None for plain functions."""
        out: list[Node] = []
        for _ in range(length):
            self.rank = len(shape)
            made, shape = (self.image_step if len(shape) == 4 else self.matrix_step)(shape, layers, cls, tags, density)
            out += made
        return out, shape

    def conv(self, shape: tuple[int, ...], layers: list[Node] | None, cls: str, tags: list[str]) -> tuple[list[Node], tuple[int, ...]]:
        r = self.r
        n, c, h, w = shape
        k = r.choice([1, 3, 3, 3, (3, 1), 2]) if min(h, w) >= 3 else 1
        kh, kw = (k, k) if isinstance(k, int) else k
        pad = r.choice([kh // 2, 0]) if kh == kw else 0
        stride = r.choice([1, 1, 1, 2])
        groups = r.choice([1, 1, 1, 1, c, 2 if c % 2 == 0 else 1])
        o = groups * max(1, r.choice([4, 8, 16, 16, 3]) // groups) if groups > 1 else r.choice([4, 8, 16, 16, 3])
        bias = r.random() < 0.4
        out = (n, o, (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1)
        if layers is not None:
            name = self.new("c")
            layers.append(f"s.{name} = nn.Conv2d({c}, {o}, {k}, stride={stride}, padding={pad}, groups={groups}, bias={bias})")
            tags.append(f"{cls}{name}")
            return [f"h = s.{name}(h)", f'"{cls}{name}" in changes and changes["{cls}{name}"](s.{name})'], out
        w_name = self.leaf(o, c // groups, kh, kw)
        b = self.leaf(o) if bias else "None"
        return [f"h = F.conv2d(h, {w_name}, {b}, stride={stride}, padding={pad}, groups={groups})"], out

    def norm(self, shape: tuple[int, ...], layers: list[Node] | None, cls: str, tags: list[str]) -> list[Node]:
        c = shape[1]
        if layers is not None:
            name = self.new("b")
            affine = self.r.random() < 0.9
            layers.append(f"s.{name} = nn.BatchNorm2d({c}, affine={affine})")
            if affine:
                tags.append(f"{cls}{name}")
            return [f"h = s.{name}(h)", *([f'"{cls}{name}" in changes and changes["{cls}{name}"](s.{name})'] if affine else [])]
        weight, bias = (self.leaf(c), self.leaf(c)) if self.r.random() < 0.8 else ("None", "None")
        if weight != "None" and self.maybe(0.15, "parameters that are not contiguous"):
            both = self.leaf(c, 2)
            weight, bias = f"{both}[:, 0]", f"{both}[:, 1]"
        if self.r.random() < 0.3:
            mean, var = self.new("u"), self.new("u")
            self.setup += [f"{mean} = T({self.seed()}, {c}) * 0.1", f"{var} = T({self.seed()}, {c}) * 0.1 + 1.0"]
            return [f"h = F.batch_norm(h, {mean}, {var}, {weight}, {bias}, {self.r.random() < 0.5})"]
        return [f"h = F.batch_norm(h, None, None, {weight}, {bias}, True)"]

    def act(self, layers: list[Node] | None, p_relu: float = 0.6) -> list[Node]:
        if layers is not None and self.r.random() < 0.4:
            name = self.new("a")
            layers.append(f"s.{name} = " + (self.r.choice(ACT_LAYERS[:2]) if self.r.random() < p_relu else self.r.choice(ACT_LAYERS)))
            return [f"h = s.{name}(h)"]
        return ["h = " + (self.r.choice(ACTS[:5]) if self.r.random() < p_relu else self.r.choice(ACTS)).format("h")]

    def image_step(
        self, shape: tuple[int, ...], layers: list[Node] | None, cls: str, tags: list[str], density: float
    ) -> tuple[list[Node], tuple[int, ...]]:
        r = self.r
        n, c, h, w = shape
        kind = r.choice(
            ["motif"] * 8
            + [
                "pool",
                "pool",
                "cat",
                "pad",
                "group norm",
                "layer norm",
                "transposed",
                "dropout",
                "dropout",
                "channel",
                "softmax",
                "cat",
                "adaptive",
                "interpolate",
                "checkpoint",
                "act",
                "resize",
                "shared",
                "squeeze",
                "several",
                "several",
                "watched",
                "watched",
            ]
        )
        out: list[Node] = []
        events = lambda fresh=True: self.events(density, fresh)
        if kind == "motif":
            residual = self.maybe(0.35, "residual")
            if residual:
                out.append("r = h")
            if r.random() < 0.85:
                made, new = self.conv(shape, layers, cls, tags)
                out += [*made, *events()]
            else:
                new = shape
            if r.random() < 0.7 and new[0] * new[2] * new[3] > 1:
                out += [*self.norm(new, layers, cls, tags), *self.events(density * 1.5, True, True)]
            if residual and new == shape:
                out += [r.choice(["h = h + r", "h += r", "h = r + h", "h = m.nn.functional.relu(h) + r"]), *events()]
            if r.random() < 0.85:
                out += [*self.act(layers, 0.75), *events(False)]
            return out, new
        if kind == "pool" and min(h, w) >= 4:
            k, p = r.choice([(2, 0), (3, 1), (2, 0), (3, 0)])
            s = r.choice([2, k])
            what = r.choice(
                [
                    "F.max_pool2d(h, {k}, {s}, {p})",
                    "F.avg_pool2d(h, {k}, {s}, {p})",
                    "F.avg_pool2d(h, {k}, {s}, {p}, count_include_pad=False)",
                ]
            )
            return [f"h = {what.format(k=k, s=s, p=p)}", *events()], (n, c, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1)
        if kind == "adaptive" and min(h, w) >= 4:
            size = r.choice([1, 2, 3, (h // 2, w // 2)])
            oh, ow = (size, size) if isinstance(size, int) else size
            return [f"h = F.adaptive_{r.choice(['avg', 'avg', 'max'])}_pool2d(h, {size})", *events()], (n, c, oh, ow)
        if kind == "cat" and c > 1:
            k = r.choice(["h.chunk(2, 1)", f"h.split([1, {c - 1}], 1)"])
            return [
                f"a, b = {k}",
                r.choice(["h = m.cat([b, a], 1)", "h = m.cat([b * 2.0, m.relu(a)], 1)", "h = m.cat([m.relu(b), m.tanh(a)], 1)"]),
                *events(),
            ], shape
        if kind == "pad":
            return ["h = F.pad(h, (1, 0, 0, 1))", *events()], (n, c, h + 1, w + 1)
        if kind == "group norm" and c % 2 == 0:
            return [f"h = F.group_norm(h, 2, {self.leaf(c)}, {self.leaf(c)})", *events()], shape
        if kind == "layer norm":
            return [f"h = F.layer_norm(h, ({w},), {self.leaf(w)}, {self.leaf(w)})", *events()], shape
        if kind == "transposed" and h * w < 500:
            k, s = r.choice([(2, 2), (3, 1), (3, 2)])
            o = r.choice([2, 4])
            return [f"h = F.conv_transpose2d(h, {self.leaf(c, o, k, k)}, stride={s})", *events()], (n, o, (h - 1) * s + k, (w - 1) * s + k)
        if kind == "dropout":
            if self.maybe(0.6, "dropout"):
                if c <= 16 and self.r.random() < 0.7:
                    return [f"h = F.conv2d(h, {self.leaf(c, c, 1, 1)})", f"h = drop(h, 0.3, {self.seed()}, whole=True)", *events()], shape
                return [f"h = drop(h, 0.3, {self.seed()})", *events()], shape
            return ["h = F.dropout(h, 0.0, True)", *events()], shape
        if kind == "channel":
            a = self.leaf(c, 1, 1)
            return [r.choice([f"h = h * {a}", f"h = h + {a}", f"h = h * {a}[None] + {a}", f"h = (h * {a}).relu()"]), *events(False)], shape
        if kind == "softmax":
            return [f"h = F.softmax(h, {r.choice([1, -1, 3])}) * 3.0", *events()], shape
        if kind == "interpolate" and h * w <= 300:
            return ["h = F.interpolate(h, scale_factor=2)", *events()], (n, c, 2 * h, 2 * w)
        if kind == "checkpoint" and self.maybe(1, "checkpoint"):
            again = r.random() < 0.4
            self.reentrant |= again
            a = self.leaf(c, c, 1, 1)
            inside = r.choice([f"F.relu(F.conv2d(v, {a}))", f"m.tanh(F.conv2d(v, {a}) * 0.5) + v", f"v * m.sigmoid(F.conv2d(v, {a}))"])
            before = [f"h = h * {self.leaf(c, 1, 1)}"] if again else []  # a reentrant one needs an input that requires a gradient
            return [*before, f"h = m.utils.checkpoint.checkpoint(lambda v: {inside}, h, use_reentrant={again})", *events()], shape
        if kind == "resize" and n * h * w >= 64:
            return [
                "h = h.permute(0, 2, 3, 1).reshape(-1, h.shape[1]) * 1.0",
                *self.act(None),
                f"h = h.reshape({n}, {h}, {w}, {c}).permute(0, 3, 1, 2)",
                *events(False),
            ], shape
        if kind == "watched" and self.maybe(
            1, "watched norm"
        ):  # who looks between a norm and its activation, with a convolution before and after
            first, shape = self.conv(shape, layers, cls, tags)
            tag = self.new("k")
            looks = r.choice(
                [
                    f'h.requires_grad and h.register_hook(lambda g: keep.append(("{tag}", g)))',
                    "h.requires_grad and inner.append(h)",
                    f'h.requires_grad and (h.retain_grad(), retained.append(("{tag}", h)))',
                ]
            )
            looks = looks if "retain" not in looks or self.maybe(1, "retain_grad") else "h.requires_grad and inner.append(h)"
            norm = self.norm(shape, layers, cls, tags) if shape[0] * shape[2] * shape[3] > 1 else []
            last, after = self.conv(shape, layers, cls, tags)
            return [*first, *norm, looks, *self.act(layers, 0.9), *last, *events()], after
        if kind == "squeeze":
            a, b = self.leaf(32, c, 1, 1), self.leaf(c, 32, 1, 1)
            return [f"h = h * m.sigmoid(F.conv2d(F.relu(F.conv2d(F.adaptive_avg_pool2d(h, 1), {a})), {b}))", *events(False)], shape
        if kind == "several":
            a = self.leaf(c, c, 1, 1)
            return [
                r.choice(
                    [
                        f"h = m.relu(h) * 0.5 + m.tanh(h) + F.conv2d(h, {a})",
                        f"h = F.conv2d(h, {a}) + F.leaky_relu(h, 0.1) * F.conv2d(h, {a})",
                        f"h = m.sigmoid(h) * h + F.conv2d(h, {a})",
                    ]
                ),
                *events(),
            ], shape
        if kind == "shared" and layers is None:
            a = self.leaf(c, c, 1, 1)
            return [f"h = F.conv2d(F.relu(F.conv2d(h, {a})), {a}.transpose(0, 1))", *events()], shape
        return [*self.act(layers), *events(False)], shape

    def matrix_step(
        self, shape: tuple[int, ...], layers: list[Node] | None, cls: str, tags: list[str], density: float
    ) -> tuple[list[Node], tuple[int, ...]]:
        r = self.r
        d = shape[-1]
        kind = r.choice(
            ["linear"] * 5
            + [
                "act",
                "layer norm",
                "softmax",
                "log softmax",
                "product",
                "product",
                "row",
                "dropout",
                "cat",
                "turn",
                "residual",
                "conv1",
                "several",
            ]
        )
        events = lambda fresh=True: self.events(density, fresh)
        if kind == "linear":
            o, bias = r.choice([96, 80, 64, 10, 130]), r.random() < 0.7
            if layers is not None:
                name = self.new("l")
                layers.append(f"s.{name} = nn.Linear({d}, {o}, bias={bias})")
                tags.append(f"{cls}{name}")
                out = [f"h = s.{name}(h)", f'"{cls}{name}" in changes and changes["{cls}{name}"](s.{name})']
            else:
                out = [f"h = F.linear(h, {self.leaf(o, d)}, {self.leaf(o) if bias else 'None'})"]
            return [*out, *events(), *self.act(layers), *events(False)], (*shape[:-1], o)
        if kind == "layer norm":
            return [f"h = F.layer_norm(h, ({d},), {self.leaf(d)}, {self.leaf(d)})", *events()], shape
        if kind in ("softmax", "log softmax"):
            return [f"h = F.{kind.replace(' ', '_')}(h, {r.choice([-1, len(shape) - 1, 0])}) * 2.0", *events()], shape
        if kind == "product":
            if r.random() < 0.5:
                return [f"h = F.softmax(h @ h.transpose(-2, -1) * {round(d**-0.5, 4)}, -1) @ h", *events()], shape
            return [f"h = h @ h.transpose(-2, -1) * {round(1 / d, 4)}", *events()], (*shape[:-1], shape[-2])
        if kind == "row":
            a = self.leaf(d)
            return [r.choice([f"h = h * {a}", f"h = h + {a}", f"h = {a} * h + {a}"]), *events(False)], shape
        if kind == "dropout" and self.maybe(1, "dropout"):
            return [f"h = drop(h, 0.4, {self.seed()})", *events()], shape
        if kind == "cat" and d > 1:
            return ["a, b = h.chunk(2, -1)", "h = m.cat([b, m.relu(a)], -1)", *events()], shape
        if kind == "turn":
            return ["h = h.transpose(-2, -1)", *self.act(None), "h = h.transpose(-2, -1)", *events(False)], shape
        if kind == "several":
            a = self.leaf(d, d)
            return [
                r.choice(
                    [f"h = F.linear(h, {a}) + F.relu(h) + m.tanh(h) * 0.5", f"h = F.softmax(h, -1) * 3.0 + m.sigmoid(h) + F.linear(h, {a})"]
                ),
                *events(),
            ], shape
        if kind == "residual":
            return [f"h = h + F.relu(h * {self.leaf(d)})", *events()], shape
        if kind == "conv1" and len(shape) == 2 and d <= 96:
            return [
                "h = h.view(1, *h.shape, 1).transpose(1, 2)",
                f"h = F.conv2d(h, {self.leaf(32, d, 1, 1)})",
                "h = h[0, :, :, 0].transpose(0, 1)",
                *events(),
            ], (shape[0], 32)
        return [*self.act(layers), *events(False)], shape
