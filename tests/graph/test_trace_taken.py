"""What a replay cannot know: numbers that Python took out of tensors, and what was computed elsewhere."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError, TraceWarning
from autograd_cnn.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from autograd_cnn.vision import transforms
from autograd_cnn.vision.detection import match_anchors
from autograd_cnn.vision.ops import nms
from autograd_cnn.vision.utils import make_grid

TAKES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "item": ("item()", lambda x: x * x.sum().item()),
    "float": ("item()", lambda x: x * float(x.sum())),
    "tolist": ("tolist()", lambda x: x * x.tolist()[0]),
    "numpy": ("numpy()", lambda x: x * float(x.numpy()[0])),
    "asarray": ("an array of it", lambda x: x * float(np.asarray(x)[0])),
    "truth": ("its truth value", lambda x: x * 2 if (x > 0).all() else x),
    "index": ("an index", lambda x: x * [1, 2, 3][x.argmax()]),
    "equal": ("equal()", lambda x: x * 2 if ac.equal(x, x * 1) else x),
    "allclose": ("allclose()", lambda x: x * 2 if x.allclose(x * 1) else x),
    "is_nonzero": ("is_nonzero()", lambda x: x * 2 if ac.is_nonzero(x[0]) else x),
    "contains": ("whether it contains a value", lambda x: x * 2 if 1.0 in x else x),
    "memory": ("its memory", lambda x: x * float(np.from_dlpack(x)[0])),
    "list": ("its entries among others' in a list; stack.. keeps track of them", lambda x: x * ac.tensor([x[0], 1.0])),
}


@pytest.mark.parametrize("name", TAKES)
def test_a_replay_says_that_a_number_was_taken(name: str) -> None:
    how, fn = TAKES[name]
    graph = ac.trace(fn, ac.tensor([1.0, 2.0]))
    with pytest.warns(
        TraceWarning, match=rf"takes numbers out of tensors \({how.replace('(', '.').replace(')', '.')} at .*{__name__.split('.')[-1]}"
    ):
        graph(ac.tensor([1.0, 2.0]))


def test_what_the_library_looks_at_and_what_never_varies_is_no_such_number() -> None:
    norm = nn.BatchNorm1d(2)
    constant = ac.tensor([3.0])
    for fn in (
        nn.Sequential(nn.Linear(2, 2), norm, nn.Dropout()),
        lambda x: x * constant.item(),
        lambda x: nn.functional.one_hot(x.argmax(1), 2) * x,
    ):
        graph = ac.trace(fn, ac.ones(3, 2))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            graph(ac.ones(3, 2))


SIZES: dict[str, Callable[[Any], Any]] = {
    "len": lambda x: x[x > 0].sum() / len(x[x > 0]),
    "shape": lambda x: ac.ones(x[x > 0].shape) * 2,
    "chunk": lambda x: x[x > 0].chunk(2)[1],
    "iteration": lambda x: sum(v for v in x[x > 0]),
    "a gradient of a variance": lambda x: ac.autograd.grad(((y := x.clone().requires_grad_())[y > 0]).var(), y, create_graph=True)[0],
}


@pytest.mark.parametrize("name", SIZES)
def test_a_replay_says_that_a_size_is_another(name: str) -> None:
    graph = ac.trace(SIZES[name], ac.tensor([1.0, 2.0, -3.0, -4.0]))
    graph(ac.tensor([-1.0, 2.0, 5.0, -4.0]))  # as many
    with pytest.warns(TraceWarning, match=r"had the shape \[2\] when it was traced, and has \[3\] now"):
        graph(ac.tensor([1.0, 2.0, 3.0, -4.0]))


BESIDE: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "a transform": (lambda x: transforms.functional.solarize(x, 0.5) * x, ac.rand(3, 4, 4)),
    "resizing": (transforms.Resize((2, 2)), ac.rand(3, 4, 4)),
    "a grid": (lambda x: make_grid(x, normalize=True), ac.rand(2, 3, 4, 4)),
    "dtypes": (lambda x: transforms.functional.convert_image_dtype(x, ac.uint8), ac.rand(3, 4, 4)),
    "a norm of gradients": (lambda x: nn.utils.get_total_norm([x]) * x, ac.ones(2)),
    "anchors": (lambda x: match_anchors(x, x), ac.tensor([[0.0, 0, 4, 4], [4, 0, 8, 4]])),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_computes_beside_the_graph_is_not_replayed(name: str) -> None:
    fn, x = BESIDE[name]
    graph = ac.trace(fn, x)
    with pytest.raises(GraphError, match="computes with values outside the graph"):
        graph(x)


def test_what_an_operation_reads_from_values_is_read_anew() -> None:
    boxes = ac.tensor([[0.0, 0, 4, 4], [1, 0, 5, 4], [6, 0, 9, 4]])
    graph = ac.trace(lambda s: nms(boxes, s, 0.5), ac.tensor([0.7, 0.9, 0.6]))
    assert graph(ac.tensor([0.9, 0.7, 0.95])).tolist() == [2, 0]
    with pytest.raises(GraphError, match=r"had the shape \[2\] when it was traced, and has \[3\]"):
        ac.trace(lambda b: nms(b, ac.tensor([0.7, 0.9, 0.6]), 0.5), boxes)(boxes * ac.tensor([1.0, 1, 0, 1]))
    rank = ac.trace(ac.linalg.matrix_rank, ac.ones(2, 2))
    assert rank(ac.eye(2)).item() == 2


def test_lengths_that_vary_are_refused() -> None:
    x = ac.ones(2, 3)
    for lengths in (ac.tensor([3, 1]), [3, 1]):
        graph = ac.trace(lambda x, n=lengths: pad_packed_sequence(pack_padded_sequence(x, n, True), True)[0], x)
        assert graph(2 * x).tolist() == [[2, 2, 2], [2, 0, 0]]
    with pytest.raises(GraphError, match="pack_padded_sequence has results whose shapes depend on a tensor's values"):
        ac.trace(lambda n: pack_padded_sequence(x, n, True).data, ac.tensor([3, 1]))


def test_what_another_thread_computed_is_no_constant() -> None:
    def fn(x: Any) -> Any:
        out: list[Any] = []
        thread = threading.Thread(target=lambda: out.append(x * 2))
        thread.start()
        thread.join()
        return out[0] * x

    graph = ac.trace(fn, ac.ones(2, requires_grad=True))
    with pytest.raises(GraphError, match="another thread"):
        graph(ac.ones(2))
