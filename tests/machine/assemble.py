"""A whole program: modules, a training loop around them, and what people do between its steps."""

from __future__ import annotations

from .generate import CHANGES, IMAGES, INSIDE, MATRICES, Generator, Node, Program


class Assembly(Generator):
    """`program()` draws one."""

    def program(self) -> Program:
        r = self.r
        shape = r.choice(IMAGES) if r.random() < 0.75 else r.choice(MATRICES)
        self.rank = len(shape)
        if r.random() < 0.04 and "large" not in self.without:
            return self.large()
        start = shape
        body: list[Node] = [
            f"x = T({self.seed()} + step, {', '.join(map(str, shape))}" + (", grad=True)" if r.random() < 0.4 else ")"),
            "h = x",
        ]
        for _ in range(r.choice([0, 1, 1, 1, 2])):
            made, shape = self.network(shape)
            body += made
        lines, shape = self.chain(shape, r.choice([0, 1, 1, 2, 3]), None, "", [], 0.35)
        body += lines
        if not self.leaves:
            body.append(f"h = h * {self.leaf(shape[-1])}")
        if self.maybe(0.08, "generator"):
            self.setup += ["@m.no_grad()", ("def parts(h):", ["for i in range(2): yield h.detach() * (0.5 + i)"])]
            body.append("for part in parts(h): h = h + part * 0.3")
        params = [f"*{name}.parameters()" for name, _, _ in self.nets]
        after = [f"params = [{', '.join([*params, *self.leaves])}]"]
        optimizer = r.choice(
            ["", "m.optim.SGD(params, lr=0.05)", "m.optim.SGD(params, lr=0.05, momentum=0.9)", "m.optim.Adam(params, lr=0.01, eps=0.01)"]
        )
        if optimizer:
            after.append(f"opt = {optimizer}")
        body = [*self.around(start), *body, 'keep.append(("out", h))', *self.loss(shape)]
        body += ["look()", *[f'see("{p}.grad", {p}.grad)' for p in self.leaves], 'x.requires_grad and see("x.grad", x.grad)']
        body += [
            (f"for i, p in enumerate({net}.parameters()):", [f'see(f"{net} parameter {{i}} grad", p.grad)']) for net, _, _ in self.nets
        ]
        if optimizer:
            body.append("opt.step()")
        if r.random() < 0.8 or optimizer:
            body.append(("for p in params:", ["p.grad = None"]))
        body += self.between()
        return Program([*self.setup, *after], body, r.choice([1, 2, 3, 3]), self.features)

    # ------------------------------------------------------------------------------------------ modules
    def network(self, shape: tuple[int, ...]) -> tuple[list[Node], tuple[int, ...]]:
        """A module and the line that calls it."""
        r = self.r
        net, tags, given = self.new("net"), list[str](), shape
        if r.random() < 0.3:
            layers, shape = self.sequence(shape)
            made = f"nn.Sequential({', '.join(layers)})"
        else:
            cls = self.new("Block")
            layers_of: list[Node] = []
            lines, shape = self.chain(shape, r.choice([1, 1, 2, 3]), layers_of, cls, tags, 0.5)
            self.setup.append(
                (
                    f"class {cls}(nn.Module):",
                    [("def __init__(s):", ["super().__init__()", *layers_of]), ("def forward(s, h):", [*lines, "return h"])],
                )
            )
            made = f"{cls}()"
        self.setup.append(f"{net} = fill({made}, {self.seed()})")
        if self.maybe(0.25, "module hook"):
            what = r.choice(
                [
                    f'lambda mod, given, out: keep.append(("{self.new("k")}", out))',
                    "lambda mod, given, out: out * 0.5",
                    f'lambda mod, given, out: see("{self.new("k")}", out)',
                ]
            )
            self.setup.append(f"for mod in list({net}.modules())[-{r.choice([1, 2, 3])}:]: mod.register_forward_hook({what})")
        if self.maybe(0.15, "eval with gradients"):
            self.setup.append(f"{net}.eval()")
        if self.maybe(0.1, "frozen from the start"):
            self.setup.append(f"for p in list({net}.parameters())[:1]: p.requires_grad_(False)")
        self.setup.append(f"{net} = wrap({net})")
        self.nets.append((net, tags, given))
        r_call = r.random()
        other = f"lambda: {net}(T({self.seed()}, *h.shape) * 0.5)"
        batch_free = not any("BatchNorm" in str(n) for n in self.setup)
        if r_call < 0.06 and self.maybe(1, "context"):
            return [f"given = h\nh = beside(lambda: {net}(given), lambda: m.relu(given.detach() * 2.0), {r.random() < 0.7})"], shape
        if r_call < 0.1 and self.maybe(1, "tasks"):
            return [f"given = h\nh = tasks(lambda: {net}(given), lambda: m.relu(given.detach() * 2.0))"], shape
        if r_call < 0.14 and self.maybe(1, "forward in a thread"):
            return [f"given = h\nh = in_thread(lambda: {net}(given))"], shape
        if r_call < 0.18 and batch_free and self.maybe(1, "same module twice"):
            return [f"with m.no_grad(): e = ({other})()", f"h = {net}(h)", f'see("{self.new("e")}", e)'], shape
        return [f"h = {net}(h)"], shape

    def sequence(self, shape: tuple[int, ...]) -> tuple[list[str], tuple[int, ...]]:
        """Layers of a plain container."""
        r = self.r
        layers: list[str] = []
        for _ in range(r.choice([1, 1, 2])):
            if len(shape) == 4:
                n, c, h, w = shape
                kind = r.choice(["conv", "conv", "conv", "conv", "pool", "average", "group"])
                if kind in ("pool", "average") and min(h, w) >= 4:
                    layers.append(f"nn.{'Max' if kind == 'pool' else 'Avg'}Pool2d(2)")
                    shape = (n, c, h // 2, w // 2)
                elif kind == "group" and c % 2 == 0:
                    layers += [f"nn.GroupNorm(2, {c})", "nn.SiLU()"]
                else:
                    o = r.choice([4, 8, 16])
                    layers.append(f"nn.Conv2d({c}, {o}, 3, padding=1, bias={r.random() < 0.5})")
                    shape = (n, o, h, w)
                    if r.random() < 0.7:
                        layers.append(f"nn.BatchNorm2d({o})")
                    if r.random() < 0.85:
                        layers.append(r.choice(["nn.ReLU()", "nn.ReLU()", "nn.ReLU(inplace=True)", "nn.LeakyReLU(0.1)", "nn.Tanh()"]))
            else:
                o = r.choice([96, 64, 80, 10])
                layers += [f"nn.Linear({shape[-1]}, {o})", r.choice(["nn.ReLU()", "nn.ReLU(inplace=True)", "nn.Tanh()", "nn.Sigmoid()"])]
                shape = (*shape[:-1], o)
                if r.random() < 0.3:
                    layers.append(f"nn.LayerNorm({o})")
        if len(shape) == 4 and r.random() < 0.15 and shape[1] * shape[2] * shape[3] < 3000:
            size = shape[1] * shape[2] * shape[3]
            layers += ["nn.Flatten()", f"nn.Linear({size}, 10)"]
            shape = (shape[0], 10)
        return layers, shape

    # ------------------------------------------------------------------------------------------ around the step
    def around(self, start: tuple[int, ...]) -> list[Node]:
        """Before a step: a failed attempt, an evaluation while weights change."""
        r = self.r
        out: list[Node] = []
        if self.maybe(0.15, "exception in backward"):
            self.setup.append(
                (
                    "class Fails(m.autograd.Function):",
                    [
                        "@staticmethod",
                        ("def forward(ctx, x):", ["return x * 1.0"]),
                        "@staticmethod",
                        ("def backward(ctx, g):", ["raise Boom"]),
                    ],
                )
            )
            given = f"T({self.seed()}, {', '.join(map(str, r.choice([start, (20_000,), (2, 8, 24, 24)])))}, grad=True)"
            attempt = r.choice(
                [
                    f"(Fails.apply({given} * 1.5) * T({self.seed()}, 1)).sum().backward()",
                    f"z = {given} * 1.5; z.register_hook(boom); (m.relu(z) * 2.0).sum().backward()",
                    f"z = m.tanh(m.relu(Fails.apply(m.relu({given}) * 2.0))); m.autograd.grad(z.sum(), z)",
                ]
            )
            out.append(("try:", [attempt]))
            out.append(("except Boom:", ["pass"]))
            churn = r.choice(["m.relu(z)", "m.tanh(z)", "m.sigmoid(z)", "F.leaky_relu(z, 0.1)", "F.silu(z)"])
            size = r.choice(["20_000", "2, 8, 24, 24", ", ".join(map(str, start))])
            many = self.new("z")
            out.append(f"{many} = []")
            out.append((f"for i in range({r.choice([4, 10, 20])}):", [f"z = T({self.seed()} + i, {size}); {many}.append(z); {churn}"]))
            out.append(f'keep.append(("{many}", m.cat({many}, 0)))')
        for net, tags, shape in self.nets:
            if tags and self.maybe(0.35, "weights changed between layers"):
                tag, change = r.choice(tags), r.choice(CHANGES)
                e, given = self.new("e"), f"T({self.seed()}, {', '.join(map(str, shape))})"
                out += [f'changes["{tag}"] = {change}', ("with m.no_grad():", [f'see("{e}", {net}({given}))']), "changes.clear()"]
                break
        return out

    def loss(self, shape: tuple[int, ...]) -> list[Node]:
        """A loss, and one of the ways back."""
        r = self.r
        sizes = ", ".join(map(str, shape))
        loss = r.choice(
            [
                f"loss = (h * T({self.seed()}, {sizes})).sum() * 0.1",
                f"loss = F.mse_loss(h, T({self.seed()}, {sizes})) * 10.0",
                "loss = (h * h).mean() * 10.0",
                f"loss = (m.tanh(h) * T({self.seed()}, {sizes})).sum() * 0.1",
            ]
        )
        ways = (
            ["plain"] * 4
            if self.reentrant
            else ["plain"] * 5 + ["grad", "grad", "grad inner", "twice", "create", "inputs", "grad then backward"]
        )
        way = r.choice(ways)
        guard: list[Node] = []
        if self.maybe(0.08, "frozen before backward") and self.leaves:
            guard = [f"{self.leaves[0]}.requires_grad_(False)"]
        thread = self.maybe(0.1, "backward in a thread")
        call = "in_thread(lambda: loss.backward({}))" if thread else "loss.backward({})"
        out: list[Node] = [loss, *guard]
        if way == "plain":
            out.append(call.format(""))
        elif way == "twice":
            out += [call.format("retain_graph=True"), call.format("")]
        elif way == "inputs" and self.maybe(1, "inputs="):
            out.append("wanted = [p for p in params if p.requires_grad][::2]")
            out.append(f"wanted and {call.format('inputs=wanted')}")
        elif way.startswith("grad") and self.maybe(1, "autograd.grad"):
            out.append("wanted = [*inner, *[p for p in params if p.requires_grad]]")
            keep = way == "grad then backward"
            got = f"m.autograd.grad(loss, wanted, retain_graph={keep}, allow_unused=True)"
            held = 'see("grad", g)' if r.random() < 0.5 else 'keep.append(("grad", g)) if g is not None else None'
            out.append((f"for g in ({got} if wanted else ()):", [held]))
            if keep:
                out.append(call.format(""))
        elif way == "create" and self.maybe(1, "create_graph"):
            out.append("wanted = [p for p in params if p.requires_grad][-2:]")
            out.append("gs = m.autograd.grad(loss, wanted, create_graph=True, allow_unused=True)")
            out.append("penalty = sum((g * g).sum() for g in gs if g is not None)")
            out.append("getattr(penalty, 'requires_grad', False) and penalty.backward()")
        else:
            out.append(call.format(""))
        if guard:
            out.append(f"{self.leaves[0]}.requires_grad_(True)")
        return out

    def between(self) -> list[Node]:
        """After a step: copies, loads, evaluations."""
        r = self.r
        out: list[Node] = []
        for net, _, shape in self.nets[:1]:
            kind = r.choice(["", "", "deepcopy", "load", "eval", "eval", "forward twice", "save", "init", "numpy"])
            x = f"T({self.seed()}, {', '.join(map(str, shape))})"
            if kind == "deepcopy" and self.maybe(1, "deepcopy"):
                other = self.new("copy")
                out += [f"{other} = copy.deepcopy({net})", f"{other}.load_state_dict({net}.state_dict())", f'see("{other}", {other}({x}))']
            elif kind == "load" and self.maybe(1, "load_state_dict"):
                out.append(f"{net}.load_state_dict({{k: v * 0.9 if len(v.shape) else v for k, v in {net}.state_dict().items()}})")
            elif kind == "eval" and self.maybe(1, "eval"):
                tag = self.new("e")
                look = [f"e = {net}({x})", f'see("{tag}", e)'] if r.random() < 0.5 else [f'keep.append(("{tag}", {net}({x})))']
                out += [f"{net}.eval()", ("with m.no_grad():", look), f"{net}.train()"]
            elif kind == "forward twice" and self.maybe(1, "step between forwards"):
                tag = self.new("e")
                out += [
                    f"e = {net}({x})",
                    ("for p in params:", ["p.grad = m.ones_like(p) * 0.1"]),
                    "m.optim.SGD(params, lr=0.05).step()",
                    ("for p in params:", ["p.grad = None"]),
                    f'see("{tag}", {net}({x}))',
                    f'see("{tag}", e)',
                ]
            elif kind == "save" and self.maybe(1, "state kept"):
                state = self.new("state")
                out += [
                    f"{state} = {{k: v.clone() for k, v in {net}.state_dict().items()}}",
                    ("for p in params:", ["with m.no_grad(): p.mul_(0.9)"]),
                    f"{net}.load_state_dict({state})",
                ]
            elif kind == "init":
                out.append(f"for p in list({net}.parameters())[-1:]: nn.init.constant_(p, 0.2)")
            elif kind == "numpy":
                out.append(f"for p in {net}.parameters(): a = p.detach().numpy(); a *= 0.95")
        return out

    def large(self) -> Program:
        """Few operations on 131,072 entries or more."""
        r = self.r
        act = r.choice(["m.tanh(h)", "m.sigmoid(h)", "m.relu(h)", "F.leaky_relu(h, 0.1)", "F.softmax(h, -1) * 9.0"])
        setup: list[Node] = [f"w = W({self.seed()}, 512)", "params = [w]"]
        self.setup, self.rank = setup, 2
        events = self.events(1.0, True)
        inside = r.choice(list(INSIDE.values()))
        body: list[Node] = [
            f"x = T({self.seed()}, 257, 512, grad=True)",
            "h = x * w",
            *events,
            f"h = {act}",
            "h = h * 1.5",
            f'h.register_hook(lambda g: keep.append(("k", {inside})))',
            "h = h + x",
            "(h * h).mean().backward()",
            'see("x", x.grad)',
            'see("w", w.grad)',
            "w.grad = None",
            "look()",
        ]
        self.features.add("large")
        return Program(setup, body, 2, self.features)


def draw(seed: int, without: frozenset[str] = frozenset()) -> Program:
    """The program of this seed."""
    return Assembly(seed, without).program()
