"""Writes whose source overlaps what is written to, writes by every kind of index, augmented assignment to parts: beside torch, on a clone of
the source where torch refuses."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

OVERLAPS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = {  # what is written to, what is read, how
    "the transpose added": (lambda x: x, lambda x: x.t(), "add_"),
    "the transpose copied": (lambda x: x, lambda x: x.t(), "copy_"),
    "the transpose multiplied": (lambda x: x, lambda x: x.t(), "mul_"),
    "rows below": (lambda x: x[1:], lambda x: x[:-1], "add_"),
    "rows above": (lambda x: x[:-1], lambda x: x[1:], "sub_"),
    "rows copied down": (lambda x: x[1:], lambda x: x[:-1], "copy_"),
    "entries shifted": (lambda x: x.view(-1)[1:], lambda x: x.view(-1)[:-1], "copy_"),
    "columns reversed": (lambda x: x[:, :2], lambda x: x[:, 1:3], "mul_"),
    "itself squared": (lambda x: x, lambda x: x, "mul_"),
    "itself subtracted": (lambda x: x, lambda x: x, "sub_"),
    "itself divided": (lambda x: x, lambda x: x, "div_"),
    "itself copied": (lambda x: x, lambda x: x, "copy_"),
    "its first row": (lambda x: x, lambda x: x[0], "add_"),
    "its first entry": (lambda x: x, lambda x: x[0, 0], "mul_"),
    "its column, broadcast": (lambda x: x, lambda x: x[:, :1], "div_"),
    "its diagonal": (lambda x: x, lambda x: x.diagonal(), "add_"),
    "into its diagonal": (lambda x: x.diagonal(), lambda x: x[0], "copy_"),
    "itself to a power": (lambda x: x, lambda x: x, "pow_"),
    "maximum with a part": (lambda x: x[1:], lambda x: x[:-1], "fmod_"),
    "angle": (lambda x: x[:, 1:], lambda x: x[:, :-1], "atan2_"),
}
VALUES = np.random.default_rng(0).uniform(0.5, 1.5, (4, 4))


def _overlapping(t: Any, name: str, apart: bool, kind: str) -> list[Any]:
    target, source, how = OVERLAPS[name]
    x = t.tensor(VALUES, requires_grad=True)
    h = x * 2 if kind == "row-major" else (x * 2).t()
    read = source(h)
    getattr(target(h), how)(read.clone() if apart else read)
    (h * h * t.tensor(VALUES)).sum().backward()
    return [h.detach().numpy(), x.grad.numpy()]


@pytest.mark.parametrize("kind", ["row-major", "turned"])
@pytest.mark.parametrize("name", OVERLAPS)
def test_overlapping_writes(name: str, kind: str) -> None:
    if name == "entries shifted" and kind == "turned":
        return  # cannot be viewed so
    for a, b in zip(_overlapping(ac, name, False, kind), _overlapping(torch, name, True, kind), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


ASSIGNMENTS = """
x[1:] = x[:-1]
x[:-1] = x[1:]
x[:, 1:] = x[:, :-1]
x[...] = x.t()
x[:] = x[0]
x[0] = x[:, 0]
x[[0, 1, 2]] = x[[2, 0, 1]]
x[[0, 1, 2]] = x[1:4]
x[:, [3, 0]] = x[:, 1:3]
x[x > 2] = x.sum()
x[x > 2] *= 0.5
x[1:] += x[:-1]
x[:, 0] -= x[0]
x[::2] *= x[1::2]
x[t.tensor(1)] = x[t.tensor(2)]
x[t.tensor(1)] += x[0]
x[t.tensor(1), :, ] *= 2
x[t.tensor(0), [1, 2]] = x[3, :2]
x[..., t.tensor(-1)] /= x[0]
x[1, 2] = x[2, 1]
x[1, 2] **= 2
x[None, 1] = x[2]
x[t.tensor([True, False, True, False])] = x[0]
x[t.tensor([[0, 1], [2, 3]]), [0, 1]] = x[:2, :2]
x.t()[0] = x[1]
x.view(-1)[::5] = x.diagonal() * 2
x.diagonal().copy_(x[0])
x.diagonal()[1:] = x[0, 1:]
x.view(2, 8)[0] += x.view(2, 8)[1]
x[0].unsqueeze(1)[:] = x[:, 1:2]
x.unbind(1)
x.T[1:3] = x[:2]
x -= x
x += x.t()
x @= x.t()
x /= x[0]
""".strip().splitlines()


class _Holder:
    """Something with an attribute."""


@pytest.mark.parametrize("line", ASSIGNMENTS)
def test_assignments(line: str) -> None:
    found = []
    for t in (ac, torch):
        leaf = t.tensor(VALUES, requires_grad=True)
        h = leaf * 2
        row, column = h[1], h[:, 2]
        places = {"x": h, "t": t}
        text = line
        if t is torch:  # a clone of the source: torch refuses or leaves undefined what overlaps
            for sign in ("**=", "+=", "-=", "*=", "/=", "@=", "="):
                if f" {sign} " in line:
                    left, right = line.split(f" {sign} ")
                    text = f"{left} {sign} {f'({right}).clone()' if 'x' in right else right}"
                    break
        exec(text, places)
        h = places["x"]
        ((h * h * t.tensor(VALUES)).sum() + (row * row).sum() + column.sum()).backward()
        found.append([h.detach().numpy(), row.detach().numpy(), column.detach().numpy(), leaf.grad.numpy()])
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14, err_msg=f"number {i}")


def test_augmented_assignment_to_attributes() -> None:
    found = []
    for t in (ac, torch):
        leaf = t.tensor([1.0, 2.0, 3.0], requires_grad=True)
        holder: Any = _Holder()
        holder.state = leaf * 2
        part, same = holder.state[:2], holder.state
        holder.state += leaf
        holder.state[1:] *= leaf[1:]
        part -= 1
        assert holder.state is same
        (holder.state**2).sum().backward()
        found.append([same.tolist(), part.tolist(), leaf.grad.tolist()])
    assert found[0] == found[1]


# ------------------------------------------------------------------------------------------------- every kind of index
PARTS = [
    "0",
    "-1",
    "t.tensor(1)",
    "t.tensor(-1)",
    "t.tensor(1, dtype=t.int32)",
    ":",
    "1:",
    "::2",
    "...",
    "None",
    "[0, 1]",
    "[1, 0, 1]",
    "t.tensor([1, 0])",
    "t.tensor([[0, 1], [1, 0]])",
    "t.tensor([True, False])",
    "True",
    "t.tensor(True)",
    "np.array(0)",
    "np.int64(1)",
    "t.tensor(1, dtype=t.uint8)",
    "np.array([1, 0])",
]
SIZES = (2, 2, 2, 2)


def _indices(count: int) -> list[str]:
    singles = [*PARTS, *(", ".join(p) for p in itertools.product(PARTS, repeat=2))]
    rng = random.Random(0)
    more = [", ".join(rng.choices(PARTS, k=rng.randint(3, 5))) for _ in range(count)]
    return [at for at in singles + more if at.count("...") < 2]  # a second one: torch takes it for a colon


def _indexed(t: Any, at: str) -> Any:
    """The result, whether it shares memory, its gradient; and the same by assignment."""
    x = t.tensor(np.arange(16.0).reshape(SIZES), requires_grad=True)
    names = {"t": t, "np": np, "x": x * 1}
    try:
        y = eval(f"x[{at}]", names)
    except (IndexError, TypeError, ValueError, RuntimeError):
        return "refused"
    (y * y).sum().backward()
    first, value = x.grad.numpy().copy(), y.detach().numpy().copy()
    shared = np.may_share_memory(names["x"].detach().numpy(), y.detach().numpy()) and y.numel() > 0
    other = t.tensor(np.random.default_rng(0).uniform(1, 2, value.shape), requires_grad=True)
    x.grad = None
    names = {"t": t, "np": np, "x": x * 1, "other": other}
    exec(f"x[{at}] = other", names)
    (names["x"] ** 2).sum().backward()
    unique = np.unique(eval(f"a[{at}]", {"t": t, "np": np, "a": t.tensor(np.arange(16.0).reshape(SIZES))}).numpy()).size == value.size
    written = [names["x"].detach().numpy(), x.grad.numpy(), other.grad.numpy()] if unique else []  # else which one stays is not said
    return [value, np.array(shared), first, *written]


def _compare(at: str) -> None:
    got, want = _indexed(ac, at), _indexed(torch, at)
    if isinstance(want, str) or isinstance(got, str):
        assert isinstance(want, str) and isinstance(got, str), f"x[{at}]: {got if isinstance(got, str) else 'a result'}; torch {want}"
        return
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        assert a.shape == b.shape, f"x[{at}]: number {i} of shape {a.shape}; torch {b.shape}"
        np.testing.assert_allclose(a, b, rtol=1e-12, err_msg=f"x[{at}]: number {i}")


@pytest.mark.filterwarnings("ignore")  # torch: masks of bytes are deprecated
def test_every_kind_of_index() -> None:
    for at in _indices(150):
        _compare(at)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_more_indices() -> None:
    for at in _indices(4000):
        _compare(at)
