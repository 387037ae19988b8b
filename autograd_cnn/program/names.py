"""What the quantities of a plan are called in a program: as modules and the function call them, else after what made them."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections import Counter

from ..primitives.primitive import Primitive
from .plan import Line, Plan, Quantity

RESERVED = frozenset({"np", "math", "kernels", "forward", "backward", "saved", *keyword.kwlist, *keyword.softkwlist, *dir(builtins)})
_AFTER = {  # what a result is called for what made it, where the operation's own name is not what one would write
    "add": "s",
    "sub": "d",
    "mul": "m",
    "div": "q",
    "neg": "n",
    "matmul": "z",
    "linear": "z",
    "einsum": "z",
    "sum": "total",
    "softmax": "p",
    "log_softmax": "log_p",
    "exp": "e",
    "window_sum": "pool",
    "max_pool": "pool",
    "adaptive_avg_pool": "pool",
    "adaptive_max_pool": "pool",
    "batch_norm": "bn",
    "batch_norm_eval": "bn",
    "normalize": "norm",
    "dropout": "drop",
    "masked": "drop",
    "reshape": "r",
    "permute": "t",
    "select_view": "part",
    "select_copy": "part",
    "cat": "joined",
    "split": "part",
    "embedding": "e",
    "power": "power",
    "derived": "v",
}
_INDICES = ("indices",)


def identifier(name: str) -> str:
    """A name that Python takes, as near to this one as can be: `fc.weight` is `fc_weight`, `lambda` is `lambda_`.

    >>> [identifier(n) for n in ("fc1.weight", "lambda", "0", "größe", "np")]
    ['fc1_weight', 'lambda_', 'v0', 'größe', 'np_']
    """
    if name == "input":
        return "x"
    found = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name)) or "v"
    if found[0].isdigit():
        found = f"v{found}"
    if found.startswith("__"):
        found = found.lstrip("_") or "v"
    if not found.isidentifier():
        found = "".join(c if f"v{c}".isidentifier() else "_" for c in found)
        found = found if found.isidentifier() else f"v_{found}"
    return f"{found}_" if found in RESERVED else found


class Names:
    """Gives each quantity a name of its own, and helpers, too."""

    def __init__(self, plan: Plan) -> None:
        self.taken: set[str] = set()
        self.helpers: dict[bool, set[str]] = {False: set(), True: set()}  # of the forward pass, and of the backward one
        self.of: dict[int, str] = {}
        self.plan = plan
        self.named: set[int] = set()  # results that modules name: each has a line of its own
        makers = {o: line for line in plan.lines for o in line.outputs}
        self._arguments(plan)
        self._results([(line, o) for line in plan.part(False) for o in line.outputs if o in plan.quantities], makers)
        for i, q in plan.quantities.items():
            if q.gradient_of is not None and q.gradient_of in self.of and i not in self.of and i not in plan.arguments:
                self.of[i] = self.unique(f"g_{self.of[q.gradient_of]}")
        for seed, q in ((s, plan.quantities[s]) for s in plan.seeds if s is not None):
            self.of.setdefault(seed, self.unique(f"g_{self.of[q.gradient_of]}" if q.gradient_of in self.of else "g"))
        rest = [(line, o) for line in plan.part(True) for o in line.outputs if o in plan.quantities and o not in self.of]
        self._results(rest, makers)

    def unique(self, name: str) -> str:
        """This name, or one with a number, that nothing else has."""
        found, number = identifier(name), 1
        while found in self.taken:
            number += 1
            found = f"{identifier(name)}_{number}"
        self.taken.add(found)
        return found

    def helper(self, name: str, backward: bool) -> str:
        """A name within one of the functions, which the other may have, too."""
        found, number = identifier(name), 1
        while found in self.taken or found in self.helpers[backward]:
            number += 1
            found = f"{identifier(name)}_{number}"
        self.helpers[backward].add(found)
        return found

    def _arguments(self, plan: Plan) -> None:
        wishes = {i: plan.quantities[i].wish or _plain(plan.quantities[i]) for i in plan.arguments}
        self._numbered({i: (w, plan.quantities[i].wish is None) for i, w in wishes.items()})

    def _results(self, made: list[tuple[Line, int]], makers: dict[int, Line]) -> None:
        wishes: dict[int, tuple[str, bool]] = {}
        last = {_call(line): line.outputs[0] for line, _ in made if _call(line) is not None}
        of: dict[int, int] = {}
        for line, o in made:
            q, at, path = self.plan.quantities[o], line.outputs.index(o), _path(line)
            if q.gradient_of is not None:
                of[o] = q.gradient_of
            elif q.wish is not None:
                wishes[o] = q.wish, False
            elif path and last.get(_call(line)) == line.outputs[0]:
                wishes[o] = _part(path, line.primitive, at), False
                if at == 0:
                    self.named.add(o)
            else:
                wishes[o] = _part(_after(line), line.primitive, at), True
        self._numbered(self._outputs(wishes, makers))
        for o, whose in of.items():
            self.of[o] = self.unique(f"g_{self.of[whose]}" if whose in self.of else "g")

    def _outputs(self, wishes: dict[int, tuple[str, bool]], makers: dict[int, Line]) -> dict[int, tuple[str, bool]]:
        """What comes out goes by the key of the dict that it comes in, or by `y`, where nothing else is known of it."""
        structure, outputs = self.plan.structure, [*dict.fromkeys(self.plan.outputs)]
        keys = {self.plan.outputs[at]: str(k) for k, at in structure.items() if isinstance(at, int)} if isinstance(structure, dict) else {}
        for o in outputs:
            if wishes.get(o, ("", False))[1] and makers[o].primitive.family != "loss":
                free = keys.get(o, "y" if len(outputs) == 1 else "")
                free = free if identifier(free or "y") not in self.taken else f"new_{free}" if o in keys else "out"
                wishes[o] = (free, False) if free else ("y", True)
        return wishes

    def _numbered(self, wishes: dict[int, tuple[str, bool]]) -> None:
        """Names that several results would have are numbered from 1, if no module or function gave them."""
        count = Counter(identifier(name) for name, plain in wishes.values() if plain)
        number: Counter[str] = Counter()
        for i, (name, plain) in wishes.items():
            if i in self.of:
                continue
            if plain and (count[identifier(name)] > 1 or identifier(name) in self.taken):
                while True:
                    number[name] += 1
                    found = f"{name.rstrip('_')}{number[name]}"
                    if identifier(found) not in self.taken:
                        break
                name = found
            self.of[i] = self.unique(name)


def _plain(q: Quantity) -> str:
    """The name of an argument that nobody has named."""
    if q.shape is None:
        return "x"
    return "mask" if q.dtype == bool else "w" if len(q.shape) > 1 else "b" if q.shape else "c"


def _call(line: Line) -> int | None:
    return line.scope[-1].call if line.scope else None


def by_kind(number: str, kind: str) -> str:
    """A module that has only a number within its parent: `conv0` for a Conv2d."""
    return re.sub(r"(_?[123]d)?$", "", kind.lower()) + number


def _path(line: Line) -> str:
    """`layer1_0_conv1`: the path of the module."""
    parts = [(p, s.kind) for s in line.scope if s.name for p in s.name.split(".")]
    if parts and parts[0][0].isdigit():
        parts[0] = (by_kind(*parts[0]), parts[0][1])
    return "_".join(p for p, _ in parts)


def _after(line: Line) -> str:
    prim = line.primitive
    if prim.name == "power" and line.params["exponent"] == 2:
        return "square"
    name = prim.name.removesuffix("_adjoint").removesuffix(" adjoint").replace(" ", "_")
    if prim.name in _AFTER:
        return _AFTER[prim.name]
    if prim.family == "activation" and name == prim.name:
        return "h"
    if prim.family == "loss" and name == prim.name:
        return "loss"
    return name if name not in RESERVED else f"{name}_"


def _part(name: str, prim: Primitive, at: int) -> str:
    if at == 0 or at >= len(prim.outputs):
        return name
    return f"{name}_{'at' if prim.outputs[at] in _INDICES else prim.outputs[at]}"
