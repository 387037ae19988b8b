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

TAKES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "item": ("item()", lambda x: x * x.sum().item()),
    "float": ("item()", lambda x: x * float(x.sum())),
    "tolist": ("tolist()", lambda x: x * x.tolist()[0]),
    "numpy": ("numpy()", lambda x: x * float(x.numpy()[0])),
    "asarray": ("an array of it", lambda x: x * float(np.asarray(x)[0])),
    "truth": ("its truth value", lambda x: x * 2 if (x > 0).all() else x),
    "index": ("an index", lambda x: x * [1, 2, 3][x.argmax()]),
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
