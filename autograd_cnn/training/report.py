"""What a run leaves in its folder: numbers, pictures and weights."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..config import no_grad
from ..drawing import draw
from ..graph.graph import Graph
from ..nn import Conv2d, functional
from ..serialization import save_file
from ..support.atomic import atomic_write
from .run import CHECKPOINT, FIELDS, Run

_PICTURES = 32  # the batch whose graph is drawn
_BATCH = 256  # held-out pictures at once


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


def _name(run: Run) -> str:
    """What the network is called in titles."""
    return type(run.model).__name__ if run.options.model != "lenet5_modern" else "LeNet-5, modern"


def write_graphs(run: Run) -> list[tuple[str, str]]:
    """The graph of a step, forward and backward."""
    if not any(p.requires_grad for p in run.model.parameters()):
        return []
    graph, loss, n = _graph(run)
    count = sum(p.numel() for p in run.model.parameters())
    name = _name(run)
    about = f"batch {n}, float32, {count:,} parameters, {len(graph)} operations, loss {loss:.3g}"
    draw(graph, title=f"{name}, forward pass", subtitle=about).save(run.out / "graph_forward.svg")
    draw(graph, backward=True, title=f"{name}, backward pass", subtitle=about).save(run.out / "graph_backward.svg")
    return [
        ("graph_forward.svg", "the computational graph of one step: modules, operations, shapes, parameters"),
        ("graph_backward.svg", "the same with the gradients that flow back, their norms as widths"),
    ]


def write_architecture(run: Run) -> str:
    """The network as volumes, a held-out digit in it."""
    draw.volumes(run.model, run.data.test.tensors[0][:1], title=_name(run)).save(run.out / "architecture.svg")
    return "the network as volumes, to scale, with what each layer makes of one digit"


def write_filters(run: Run) -> str | None:
    """The kernels of the first convolution."""
    layer = next((m for m in run.model.modules() if isinstance(m, Conv2d)), None)
    if layer is None:
        return None
    draw.filters(layer, title="Learned kernels of the first convolution").save(run.out / "filters.svg")
    return "the learned kernels of the first convolution"


def write_activations(run: Run) -> str:
    """One digit on its way through the network."""
    x, y = run.data.test.tensors
    run.model.eval()
    title = f"A held-out {int(y[0])} on its way through the network"
    drawing = draw.activations(lambda x: functional.softmax(run.model(x), 1), x[:1], title=title, classes=run.data.classes)
    drawing.save(run.out / "activations.svg")
    return "what each layer makes of one held-out digit"


def write_saliency(run: Run) -> str:
    """Which pixels the score of that digit depends on."""
    draw.saliency(run.model, run.data.test.tensors[0][:1], classes=run.data.classes).save(run.out / "saliency.svg")
    return "which pixels the score of that digit depends on"


def write_confusion(run: Run) -> str:
    """What the held-out digits were taken for."""
    x, y = run.data.test.tensors
    run.model.eval()
    with no_grad():
        scores = [run.model(x[i : i + _BATCH]).numpy() for i in range(0, len(y), _BATCH)]
    title = f"What the {len(y)} held-out digits were taken for"
    draw.confusion(y, np.concatenate(scores), classes=run.data.classes, title=title).save(run.out / "confusion.svg")
    return "what the held-out digits were taken for"


def write_report(run: Run) -> list[tuple[str, str]]:
    """Write everything; gives (file, what it is), what to open first at the head of the list."""
    written = write_graphs(run)
    single: list[tuple[str, Callable[[Run], str | None]]] = [
        ("architecture.svg", write_architecture),
        ("activations.svg", write_activations),
        ("saliency.svg", write_saliency),
        ("filters.svg", write_filters),
        ("confusion.svg", write_confusion),
        ("metrics.csv", write_metrics),
        ("model.safetensors", write_weights),
    ]
    if run.position.history:
        single.insert(-2, ("curves.svg", write_curves))
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
