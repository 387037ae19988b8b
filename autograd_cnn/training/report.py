"""What a run leaves in its folder: numbers, pictures and weights."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic_write
from ..config import no_grad
from ..drawing import draw
from ..engine.graph import Graph
from ..nn import Conv2d, Module, functional
from ..serialization import save_file
from ..tensor import Tensor
from .run import CHECKPOINT, FIELDS, Run

_PICTURES = 32  # the batch whose graph is drawn


def write_metrics(run: Run) -> str:
    """The table of the epochs."""
    text = io.StringIO()
    table = csv.DictWriter(text, FIELDS, lineterminator="\n")
    table.writeheader()
    table.writerows(run.position.history)
    with atomic_write(run.out / "metrics.csv", "w") as file:
        file.write(text.getvalue())
    return "loss and accuracy of each epoch"


def write_weights(run: Run) -> str:
    """The trained weights."""
    save_file(dict(run.model.state_dict()), run.out / "model.safetensors")
    return "the trained weights"


def write_curves(run: Run) -> str:
    """Loss and accuracy over the epochs."""
    rows = [{k: v for k, v in row.items() if k not in ("lr", "seconds")} for row in run.position.history]
    title = f"{run.options.model} on {run.options.data.partition(':')[0]}"
    draw.curves(rows, title=title).save(run.out / "curves.svg")
    return "loss and accuracy over the epochs"


def _graph(run: Run) -> tuple[Graph, float, int]:
    """The graph of one training step on some held-out pictures, with the gradient of every value."""
    x, y = (t[:_PICTURES] for t in run.data.test.tensors)
    run.model.eval()  # so that nothing is drawn at random and no running statistics move
    loss = functional.cross_entropy(run.model(x), y)
    return Graph.of(loss, gradients=True, names={"x": x, "y": y, "loss": loss}), loss.item(), len(y)


def write_graphs(run: Run) -> list[tuple[str, str]]:
    """The graph of a step, forward and backward."""
    if not any(p.requires_grad for p in run.model.parameters()):
        return []
    graph, loss, n = _graph(run)
    count = sum(p.numel() for p in run.model.parameters())
    name = type(run.model).__name__ if run.options.model != "lenet5_modern" else "LeNet-5, modern"
    about = f"batch {n}, float32, {count:,} parameters, {len(graph)} operations, loss {loss:.3g}"
    draw(graph, title=f"{name}, forward pass", subtitle=about).save(run.out / "graph_forward.svg")
    draw(graph, backward=True, title=f"{name}, backward pass", subtitle=about).save(run.out / "graph_backward.svg")
    return [("graph_forward.svg", "the computational graph of one step: modules, operations, shapes, parameters"),
            ("graph_backward.svg", "the same with the gradients that flow back, their norms as widths")]  # fmt: skip


def _first_conv(model: Module) -> Tensor | None:
    for module in model.modules():
        if isinstance(module, Conv2d):
            return module.weight
    return None


def write_filters(run: Run) -> str | None:
    """The kernels of the first convolution."""
    weight = _first_conv(run.model)
    if weight is None:
        return None
    draw.filters(np.asarray(weight.value), title="Learned kernels of the first convolution").save(
        run.out / "filters.svg"
    )
    return "the learned kernels of the first convolution"


def _maps(run: Run) -> tuple[list[tuple[str, Any]], Any, int]:
    """What each layer makes of one held-out digit."""
    x, y = run.data.test.tensors
    seen: list[tuple[str, Any]] = []
    handles = []

    def watch(name: str, module: Module) -> None:
        def hook(module: Module, args: Any, output: Tensor) -> None:
            seen.append((f"{name} {type(module).__name__}", np.array(output.value[0])))

        handles.append(module.register_forward_hook(hook))

    for name, module in run.model.named_modules():
        if name and not list(module.children()):
            watch(name, module)
    try:
        run.model.eval()
        with no_grad():
            out = run.model(x[:1])
    finally:
        for handle in handles:
            handle.remove()
    seen.append(("softmax", np.asarray(functional.softmax(out, 1).value[0])))
    return seen, np.asarray(x.value[0, 0]), int(y[0])


def write_activations(run: Run) -> str:
    """One digit on its way through the network."""
    layers, picture, label = _maps(run)
    drawing = draw.activations(
        layers, image=picture, title=f"A held-out {label} on its way through the network", classes=run.data.classes
    )
    drawing.save(run.out / "activations.svg")
    return "what each layer makes of one held-out digit"


def write_report(run: Run) -> list[tuple[str, str]]:
    """Write everything; gives (file, what it is), what to open first at the head of the list."""
    written = write_graphs(run)
    single: list[tuple[str, Callable[[Run], str | None]]] = [
        ("activations.svg", write_activations), ("filters.svg", write_filters), ("metrics.csv", write_metrics),
        ("model.safetensors", write_weights),
    ]  # fmt: skip
    if run.position.history:
        single.insert(2, ("curves.svg", write_curves))
    for name, write in single:
        what = write(run)
        if what is not None:
            written.append((name, what))
    written.append((CHECKPOINT, "everything needed to go on: --resume"))
    return written


def listing(out: Path, written: list[tuple[str, str]]) -> str:
    """What was written where, and what to open first."""
    width = max(len(name) for name, _ in written)
    lines = [f"Written to {out}:"]
    lines += [f"  {name:<{width}}  {what}" for name, what in written]
    first = "graph_backward.svg" if any(n == "graph_backward.svg" for n, _ in written) else written[0][0]
    return "\n".join([*lines, f"Open first: {out / first} (in a browser)"])
