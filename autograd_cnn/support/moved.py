"""Modules under the names they once had: what a pickle, a checkpoint or a program of an earlier version names is still found.

A pickle names functions and classes by their module. Each old name stands in `sys.modules` as a module that is empty until it is asked
for something; a folder that has an old module's name answers for that module, too.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOT = __name__.partition(".")[0]

# Where it is now: what it was called. (Nothing before the sign: the folder itself.)
_NAMES = {
    "analysis": "receptive=engine.receptive windows=engine.windows",
    "autograd": "gradients=autograd.walks",
    "compat": "shim=compat.faces shim.backends=compat.faces.backends shim.devices=compat.faces.devices shim.files=compat.faces.files",
    "compat.shim": "autograd=compat.faces.autograd autograd_variable=compat.faces.autograd_variable backends.cpu=compat.faces.backends.cpu "
    "backends.cuda=compat.faces.backends.cuda backends.cudnn=compat.faces.backends.cudnn backends.mps=compat.faces.backends.mps "
    "devices.accelerator=compat.faces.devices.accelerator devices.amp=compat.faces.devices.amp devices.cuda=compat.faces.devices.cuda "
    "devices.cuda_amp=compat.faces.devices.cuda_amp devices.cuda_types=compat.faces.devices.cuda_types "
    "devices.mps=compat.faces.devices.mps files.loading=compat.faces.files.loading "
    "files.model_zoo=compat.faces.files.model_zoo files.storages=compat.faces.files.storages "
    "files.tensorboard=compat.faces.files.tensorboard jit=compat.faces.jit legacy=compat.faces.legacy "
    "multiprocessing=compat.faces.multiprocessing nn=compat.faces.nn nn_modules_utils=compat.faces.nn_modules_utils "
    "optim_optimizer=compat.faces.optim_optimizer out=compat.faces.out profiler=compat.faces.profiler six=compat.faces.six "
    "sparse=compat.faces.sparse testing=compat.faces.testing top=compat.faces.top types=compat.faces.types "
    "version=compat.faces.version vision=compat.faces.vision ",
    "distributed": "=compat.faces.distributed =compat.shim.distributed",
    "optim.lbfgs": "line_search=optim.line_search",
    "distributions": "=compat.faces.distributions base=compat.faces.distributions.base continuous=compat.faces.distributions.continuous "
    "discrete=compat.faces.distributions.discrete divergence=compat.faces.distributions.divergence "
    "multivariate=compat.faces.distributions.multivariate relaxed=compat.faces.distributions.relaxed "
    "transformed=compat.faces.distributions.transformed",
    "drawing.canvas": "drawing=drawing.drawing frames=drawing.frames",
    "engine": "node=engine.graph",
    "graph": "graph=engine.graph step=engine.step step=engine.graph tape_reader=engine.tape_reader tape_reader=engine.tape trace=engine.trace",
    "primitives": "alias=engine.alias cases=engine.cases codegen=engine.codegen codegen=engine.specialise primitive=engine.primitive rules=engine.rules",
    "nn.module": "attributes=nn.members backward_hooks=nn.boundary buffer=nn.buffer conversion=nn.convert hooks=nn.hooks "
    "state_dict=nn.state traversal=nn.walk",
    "ops.activation": "attention=ops.attention gated=ops.gates rectifiers=ops.activation relu_primitive=ops.activation "
    "shrink=ops.shrink smooth=ops.smooth softplus=ops.smooth softmax=ops.softmax softmax_functional=ops.softmax",
    "ops.conv": "conv=ops.conv functions=ops.conv fold=ops.fold grid_sample=ops.grid resample=ops.resample",
    "ops.elementwise": "arithmetic=ops.arithmetic clamp=ops.clamp closeness=ops.comparison comparison=ops.comparison exponential=ops.elementwise "
    "interpolate=ops.blend logical=ops.logical logit=ops.elementwise power=ops.arithmetic power=ops.elementwise rounding=ops.rounding "
    "select=ops.select special=ops.special "
    "trigonometry=ops.trigonometry hyperbolic=ops.trigonometry",
    "ops.index": "embedding=ops.embedding gather=ops.gather index=ops.index index=ops.split index_select=ops.indexed masked=ops.masked "
    "scatter=ops.writing take_along=ops.along",
    "ops.linalg": "decompositions=ops.factors distance=ops.distance matrix_products=ops.linalg products=ops.products solve=ops.solving",
    "ops.loss": "binary=ops.binary crossentropy=ops.crossentropy likelihood=ops.likelihood margin=ops.margin regression=ops.loss",
    "ops.norm": "batch=ops.norm layer=ops.norm response=ops.norm",
    "ops.pool": "max_functions=ops.pool average_functions=ops.pool max=ops.pool average=ops.pool",
    "ops.random": "dropout=ops.dropout sampled=ops.sampled",
    "ops.reduce": "calculus=ops.calculus counting=ops.counting cumulative=ops.scan extrema=ops.extrema histogram=ops.bins "
    "quantile=ops.quantile reduce=ops.reduce sorting=ops.sorting statistics=ops.statistics",
    "ops.registry": "contiguous=ops.packed dims=ops.dims expose=ops.expose legacy_arguments=ops.former return_types=ops.return_types "
    "scalar_kernels=ops.floats",
    "ops.shape": "arrange=ops.arrange diagonals=ops.arrange combine=ops.combine join=ops.join shape=ops.shape split=ops.split",
    "serialization": "hub=hub",
    "support": "atomic=atomic handles=hooks listing=listing",
    "symbolic": "algebra=engine.algebra calculus=engine.algebra",
    "tensors": "casts=basics creation=creation filling=overwriting inplace=inplace printing=printing properties=basics sampling=sampling scalar=scalar "
    "tensor=tensor",
    "testing": "case_draws=testing.draw",
    "types": "device=device dtypes=dtypes kinds=ops.kinds promotion=ops.promotion",
}

# What was called otherwise within its module: functions whose names were not those under which they were public.
_RENAMED = {
    ("ops.softmax", "f_softmax"): ("ops.activation.softmax_functional", "softmax"),
    ("ops.softmax", "f_log_softmax"): ("ops.activation.softmax_functional", "log_softmax"),
    ("ops.norm", "unit_norm"): ("ops.norm.response", "normalize"),
    ("ops.select", "where_method"): ("tensors.methods.forms", "where"),
    ("ops.fold", "unfold_along"): ("tensors.methods.forms", "unfold"),
    ("basics", "convert"): ("tensors.casts", "type"),
}


def places() -> dict[str, list[str]]:
    """For each old name of a module those where its contents stand now, in the order in which they are asked."""
    found: dict[str, list[str]] = {}
    for room, names in _NAMES.items():
        for pair in names.split():
            now, _, old = pair.partition("=")
            found.setdefault(f"{_ROOT}.{old}", []).append(f"{_ROOT}.{room}.{now}".rstrip("."))
    return found


def install() -> None:
    """Let every old name be found."""
    for old, now in places().items():
        present = sys.modules.get(old)
        if present is None:
            sys.modules[old] = present = ModuleType(old, f"What stands in {' and '.join(now)}.")
            present.__spec__ = ModuleSpec(old, None)
            present.__dict__["__dir__"] = partial(_names, now)
        vars(present).setdefault("__getattr__", partial(_find, old, now))


def _find(old: str, now: list[str], name: str) -> Any:
    renamed = _RENAMED.get((old.removeprefix(f"{_ROOT}."), name))
    if renamed is not None:
        return getattr(importlib.import_module(f"{_ROOT}.{renamed[0]}"), renamed[1])
    if not name.startswith("__") or name == "__all__":
        for place in now:
            value = getattr(importlib.import_module(place), name, _NONE)
            if value is not _NONE:
                return value
    raise AttributeError(f"module {old!r} has no attribute {name!r}")


_NONE: Any = object()


def _names(now: list[str]) -> list[str]:
    return sorted({name for place in now for name in dir(importlib.import_module(place))})
