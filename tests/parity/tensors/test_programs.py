"""In-place writes and views: the same programs under torch and here, line by line."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ..line_by_line import Programs, agree, leaf  # noqa: E402  # needs torch

PROGRAMS = program = Programs()


# ------------------------------------------------------------------------------------------------- in place and views
@program
def write_to_a_leaf(T: Any) -> Any:
    leaf(T).add_(1)


@program
def write_to_a_view_of_a_leaf(T: Any) -> Any:
    leaf(T)[0].mul_(2)


@program
def write_to_a_leaf_without_grad(T: Any) -> Any:
    x = leaf(T)
    with T.no_grad():
        x.mul_(2)
    (x * x).sum().backward()
    return x, x.grad


@program
def overwritten_value_is_needed(T: Any) -> Any:
    x = leaf(T)
    h = x * 2
    y = h * h
    h.add_(1)
    y.sum().backward()


@program
def overwritten_output_is_needed(T: Any) -> Any:
    x = leaf(T)
    y = x.exp()
    y.mul_(2)
    y.sum().backward()


@program
def overwritten_value_is_not_needed(T: Any) -> Any:
    x = leaf(T)
    h = x * 2
    y = h + 1
    h.mul_(5)
    (y + h).sum().backward()
    return x.grad, h, y


@program
def chain_of_writes(T: Any) -> Any:
    x = leaf(T)
    h = x * 1
    h.mul_(x)
    h.add_(x)
    h[1] = 0.0
    h[2:] *= 3
    h.sum().backward()
    return h, x.grad


@program
def write_to_a_view_reaches_the_base(T: Any) -> Any:
    x = leaf(T, 1.0, 2.0, 3.0, 4.0)
    base = x * 1
    view = base[1:3]
    view.mul_(10)
    base.sum().backward()
    return base, x.grad, view


@program
def write_to_the_base_reaches_the_view(T: Any) -> Any:
    x = leaf(T, 1.0, 2.0, 3.0, 4.0)
    base = x * 1
    view = base.view(2, 2).t()
    base.mul_(3)
    (view * T.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    return view, x.grad


@program
def write_of_a_graph_into_a_constant(T: Any) -> Any:
    x = leaf(T)
    z = T.zeros(5)
    z[1:4] = x * x
    z.sum().backward()
    return z, x.grad, z.requires_grad


@program
def write_into_a_view_of_a_view(T: Any) -> Any:
    x = leaf(T, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    base = x * 1
    base.view(2, 3)[1].mul_(base.detach()[:3].clone())
    base.view(3, 2)[:, 0].fill_(7.0)
    (base * base).sum().backward()
    return base, x.grad


@program
def write_with_broadcast_into_a_smaller(T: Any) -> Any:
    T.ones(1).add_(T.ones(3))


@program
def write_of_floats_into_integers(T: Any) -> Any:
    T.tensor([1, 2]).mul_(1.5)


@program
def write_to_an_expanded(T: Any) -> Any:
    T.ones(1).expand(3).add_(1)


@program
def write_to_a_tensor_split(T: Any) -> Any:
    x = leaf(T, 1.0, 2.0, 3.0, 4.0)
    h = x * x
    a, b = h.tensor_split(2)
    a.mul_(x[2:])
    h.add_(x)
    (a * a + b + h.sum()).sum().backward()
    return [x.grad, h, a, b]


@program
def masked_and_indexed_writes(T: Any) -> Any:
    x = leaf(T, 1.0, -2.0, 3.0, -4.0)
    h = x * 1
    h[h < 0] = 0.0
    h[T.tensor([0, 2])] = h[T.tensor([2, 0])] * 2
    h.sum().backward()
    return h, x.grad


@program
def detached_shares_memory(T: Any) -> Any:
    x = leaf(T)
    d = x.detach()
    d[0] = 9.0
    return x, d.requires_grad, x._version


@program
def detached_write_is_noticed(T: Any) -> Any:
    x = leaf(T)
    y = x * x
    x.detach().mul_(2)
    y.sum().backward()


@program
def data_write_is_not_noticed(T: Any) -> Any:
    x = leaf(T)
    y = x * 2
    x.data.mul_(2)
    y.sum().backward()
    return x, x.grad


@program
def versions(T: Any) -> Any:
    x = T.ones(4)
    a = x._version
    v = x[1:]
    v.add_(1)
    x.mul_(2)
    return a, x._version, v._version, (x + 1)._version


@program
def detach_in_place(T: Any) -> Any:
    x = leaf(T)
    h = x * 2
    h.detach_()
    return h.requires_grad, h.is_leaf


@program
def detach_a_view_in_place(T: Any) -> Any:
    (leaf(T) * 1)[0].detach_()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
