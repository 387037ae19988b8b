"""What the reference describes: every public name, on which page, and what stands behind it.

The operations are exposed at run time, from their own tables (`ops/registry/expose.py`); so the pages are made from the same tables, one page
for each file of `ops/`. All else is found through the `__all__` (or the public names) of its room.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import autograd_cnn as ac
from autograd_cnn import Tensor
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS
from autograd_cnn.primitives.primitive import Primitive
from autograd_cnn.tensors.methods.attributes import TensorAttributes

PACKAGE = "autograd_cnn"


@dataclass
class Entry:
    """One thing that is described, with all the names it goes by: `autograd_cnn.relu`, `Tensor.relu`, `Tensor.relu_`."""

    name: str
    value: Any
    names: list[str] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """The place on its page."""
        return self.names[0]


@dataclass
class Page:
    """A page of the site: its section, title, file and entries."""

    section: str
    title: str
    path: str
    intro: str
    entries: list[Entry]


# ------------------------------------------------------------------------------------------------- operations
def _places() -> dict[int, tuple[Any, list[str]]]:
    """Each exposed operation once, with the names of all tables, functions first."""
    found: dict[int, tuple[Any, list[str]]] = {}
    tables: list[tuple[dict[str, Callable[..., Any]], str, str]] = [
        (FUNCTIONS, "", ""),
        (METHODS, "Tensor.", ""),
        (INPLACE, "Tensor.", "_"),
        (FUNCTIONAL, "nn.functional.", ""),
    ]
    for table, prefix, suffix in tables:
        for name, op in table.items():
            if not name.startswith("_"):  # a twin that only a layer's `inplace=True` calls
                found.setdefault(id(op), (op, []))[1].append(f"{prefix}{name}{suffix}")
    return found


def operations() -> Iterator[Page]:
    """A page for each file that exposes operations; files of one title share it."""
    by_title: dict[str, tuple[str, list[Entry]]] = {}
    docs: dict[str, str] = {}
    for op, names in sorted(_places().values(), key=lambda place: place[0].__module__):
        module = op.__module__ if hasattr(op, "groups") else getattr(getattr(op, "primitive", op), "__module__", op.__module__)
        stem = module.removeprefix(f"{PACKAGE}.").removeprefix("ops.")
        title = TITLES.get(stem) or stem.rpartition(".")[2].replace("_", " ").capitalize()
        docs.setdefault(title, inspect.getdoc(importlib.import_module(module)) or "")
        by_title.setdefault(title, (stem, []))[1].append(Entry(names[0], op, names))
    for title, (stem, entries) in by_title.items():
        yield Page("Operations", title, f"operations/{stem.replace('.', '-')}.md", docs[title], sorted(entries, key=_order))


def _order(e: Entry) -> tuple[str, str]:
    """By the last part of the name: relu before nn.functional.relu before relu6."""
    return e.name.rsplit(".", 1)[-1].lower(), e.name


TITLES = {  # of the pages, by the file whose operations stand there
    "activation.gated": "Gates",
    "activation.relu_primitive": "Rectifiers",
    "activation.rectifiers": "Rectifiers",
    "activation.shrink": "Shrinkage",
    "activation.smooth": "Smooth activations",
    "activation.softmax": "Softmax",
    "activation.softmax_functional": "Softmax",
    "conv.fold": "Folding and windows",
    "conv.functions": "Convolution",
    "conv.conv": "Convolution",
    "conv.grid_sample": "Sampling on grids",
    "conv.resample": "Resampling",
    "elementwise.clamp": "Clamping",
    "elementwise.exponential": "Exponentials and logarithms",
    "elementwise.hyperbolic": "Hyperbolic functions",
    "elementwise.interpolate": "Blends",
    "elementwise.logical": "Logic and bits",
    "elementwise.power": "Powers",
    "elementwise.select": "Where, maximum, minimum",
    "elementwise.special": "Error function and kin",
    "index.gather": "Gather and scatter",
    "index.index": "Slices",
    "index.index_select": "Indexed slices",
    "index.masked": "Masks",
    "index.scatter": "Parts written anew",
    "linalg.decompositions": "Factors of matrices",
    "linalg.distance": "Distances",
    "linalg.matrix_products": "Products of matrices",
    "linalg.products": "Products of vectors",
    "linalg.solve": "Linear equations",
    "loss.binary": "Losses of probabilities",
    "loss.crossentropy": "Cross-entropy",
    "loss.likelihood": "Likelihoods",
    "loss.margin": "Margin losses",
    "loss.regression": "Losses of differences",
    "norm.batch": "Batch normalisation",
    "norm.layer": "Layer, group and instance normalisation",
    "norm.response": "Local response normalisation",
    "pool.average_functions": "Pooling",
    "pool.max_functions": "Pooling",
    "random.dropout": "Dropout",
    "reduce.calculus": "Integrals, slopes, covariances",
    "reduce.cumulative": "Running sums and products",
    "reduce.histogram": "Bins and histograms",
    "reduce.quantile": "Quantiles",
    "reduce.reduce": "Sums, means, truth",
    "reduce.statistics": "Variance and norms",
    "shape.arrange": "Padding, flipping, triangles",
    "shape.combine": "Blocks and combinations",
    "shape.join": "Joining",
    "shape.shape": "Shapes",
    "shape.split": "Splitting",
    "tensors.casts": "Tensor: other dtypes",
    "tensors.filling": "Tensor: overwriting, new ones",
    "tensors.methods.forms": "Tensor: methods of their own form",
    "tensors.properties": "Tensor: questions",
    "tensors.sampling": "Tensor: draws",
}


# ------------------------------------------------------------------------------------------------- rooms
def public(module: ModuleType) -> list[str]:
    """The names a room offers: its `__all__`, or what it defines without an underscore."""
    own = getattr(module, "__all__", None)
    names = own or [n for n in dir(module) if not n.startswith("_")]
    return [n for n in names if not inspect.ismodule(getattr(module, n)) and _is_ours(getattr(module, n))]


def _is_ours(value: Any) -> bool:
    return callable(value) and str(getattr(value, "__module__", "")).startswith(PACKAGE)


ROOMS = (  # section, title, module
    ("Tensors", "Creation, random numbers, modes", ""),
    ("Tensors", "random", "random"),
    ("Operations", "Linear algebra", "linalg"),
    ("Automatic differentiation", "autograd", "autograd"),
    ("Automatic differentiation", "autograd.functional", "autograd.functional"),
    ("Automatic differentiation", "extend", "extend"),
    ("Layers", "nn", "nn"),
    ("Layers", "nn.init", "nn.init"),
    ("Layers", "nn.modules.utils", "nn.modules.utils"),
    ("Layers", "nn.parallel", "nn.parallel"),
    ("Layers", "nn.utils", "nn.utils"),
    ("Layers", "nn.utils.rnn", "nn.utils.rnn"),
    ("Training", "optim", "optim"),
    ("Training", "optim.lr_scheduler", "optim.lr_scheduler"),
    ("Training", "optim.optimizer", "optim.optimizer"),
    ("Training", "optim.surfaces", "optim.surfaces"),
    ("Training", "optim.swa_utils", "optim.swa_utils"),
    ("Training", "training.data", "training.data"),
    ("Training", "utils.data", "utils.data"),
    ("Training", "utils.checkpoint", "utils.checkpoint"),
    ("Training", "distributed", "distributed"),
    ("Training", "distributed.algorithms.ddp_comm_hooks.default_hooks", "distributed.algorithms.ddp_comm_hooks.default_hooks"),
    ("Training", "distributed.algorithms.ddp_comm_hooks.powerSGD_hook", "distributed.algorithms.ddp_comm_hooks.powerSGD_hook"),
    ("Training", "distributions", "distributions"),
    ("Files", "hub", "hub"),
    ("Files", "serialization", "serialization"),
    ("Files", "serialization.safetensors", "serialization.safetensors"),
    ("Files", "onnx", "onnx"),
    ("Images", "vision.adversarial", "vision.adversarial"),
    ("Images", "vision.attribution", "vision.attribution"),
    ("Images", "vision.models", "vision.models"),
    ("Images", "vision.models.feature_extraction", "vision.models.feature_extraction"),
    ("Images", "vision.datasets", "vision.datasets"),
    ("Images", "vision.datasets.utils", "vision.datasets.utils"),
    ("Images", "vision.detection", "vision.detection"),
    ("Images", "vision.features", "vision.features"),
    ("Images", "vision.transforms", "vision.transforms"),
    ("Images", "vision.transforms.functional", "vision.transforms.functional"),
    ("Images", "vision.ops", "vision.ops"),
    ("Images", "vision.utils", "vision.utils"),
    ("Checks", "summaries", "summaries"),
    ("Checks", "testing", "testing"),
    ("Checks", "testing.strategies", "testing.strategies"),
)


DRAWN = ("Drawing", "Frames", "draw")  # they have pages of their own (drawings.py)


def _module(dotted: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{dotted}" if dotted else PACKAGE)


def _layer_pages(module: ModuleType) -> Iterator[Page]:
    """`nn` is large: a page for each file its classes come from."""
    by_file: dict[str, list[Entry]] = {}
    for name in public(module):
        value = getattr(module, name)
        by_file.setdefault(value.__module__, []).append(Entry(name, value, [f"nn.{name}"]))
    for source, entries in sorted(by_file.items()):
        stem = source.rsplit(".", 1)[-1]
        title = {
            "rnn": "Recurrent",
            "conv": "Convolution",
            "pool": "Pooling",
            "norm": "Normalisation",
            "shape": "Padding and shape",
            "upsampling": "Upsampling",
            "linear": "Linear",
            "module": "Module",
        }.get(stem, stem.replace("_", " ").capitalize())
        doc = inspect.getdoc(importlib.import_module(source)) or ""
        yield Page("Layers", title, f"nn/{stem}.md", doc, sorted(entries, key=lambda e: e.name.lower()))


def _face_page(module: ModuleType, title: str) -> Page:
    """The façade's own names: what is not an operation of the tables."""
    names = [n for n in ac.__all__ if _is_ours(getattr(ac, n)) and n not in FUNCTIONS and n not in DRAWN]
    entries = [Entry(n, getattr(ac, n), [n]) for n in names]
    return Page("Tensors", title, "tensors/creation.md", inspect.getdoc(ac) or "", sorted(entries, key=lambda e: e.name.lower()))


def rooms() -> Iterator[Page]:
    """The pages of everything that is no operation of the tables."""
    for section, title, dotted in ROOMS:
        module = _module(dotted)
        if not dotted:
            yield _face_page(module, title)
        elif dotted == "nn":
            yield from _layer_pages(module)
        else:
            entries = [Entry(n, getattr(module, n), [f"{dotted}.{n}"]) for n in sorted(public(module), key=str.lower)]
            path = f"rooms/{dotted.replace('.', '-')}.md"
            yield Page(section, title, path, inspect.getdoc(module) or "", entries)


# ------------------------------------------------------------------------------------------------- what an entry tells
def members(cls: type) -> list[tuple[str, Any]]:
    """A class's own methods and properties that have something to say."""
    found = []
    own = {**vars(TensorAttributes), **vars(cls)} if cls is Tensor else vars(cls)
    for name, member in own.items():
        plain = getattr(member, "__func__", member)
        if name.startswith("_") or name == "forward" or not (callable(plain) or isinstance(member, property)):
            continue
        if inspect.getdoc(getattr(cls, name, None) if not isinstance(member, property) else member):
            found.append((name, member if isinstance(member, property) else plain))
    return found


def is_operation(value: Any) -> bool:
    """Is it a primitive, with a kernel and rules of its own?"""
    return isinstance(value, Primitive)


def tensor_methods() -> list[str]:
    """The methods of Tensor that its class statement defines (the others are operations)."""
    return [n for n, _ in members(Tensor) if n not in METHODS]
