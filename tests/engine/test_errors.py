"""What goes wrong says what was expected, what came, in which operation, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.errors import DtypeError, GraphError, InplaceError


def leaf(*values: float) -> Any:
    return ac.tensor(list(values) or [1.0, 2.0, 3.0], requires_grad=True)


def test_backward_twice_names_the_operation_and_the_way_out() -> None:
    y = leaf().exp().sum()
    y.backward()
    with pytest.raises(GraphError, match=r"Trying to backward through the graph a second time.*ExpBackward0.*retain_graph=True"):
        y.backward()


def test_a_second_backward_over_a_shared_part_leaves_the_gradient_alone() -> None:
    x = leaf()
    h = x.exp()
    h.sum().backward()
    before = x.grad.clone()
    with pytest.raises(GraphError, match="second time"):
        (h * 2).sum().backward()
    assert ac.equal(x.grad, before)


def test_an_overwritten_input_is_named_with_its_operation() -> None:
    x = leaf()
    h = x * 2
    y = h.sin()
    h.add_(1)
    with pytest.raises(
        InplaceError, match=r"modified by an inplace operation: 'input' of sin \(SinBackward0\), a tensor of shape \[3\].*version 1.*clone"
    ):
        y.sum().backward()
    assert x.grad is None


def test_an_overwritten_output_is_named() -> None:
    y = leaf().tanh()
    y.mul_(2)
    with pytest.raises(InplaceError, match=r"'y' of tanh"):
        y.sum().backward()


def test_under_anomaly_detection_the_line_is_named() -> None:
    with ac.autograd.detect_anomaly():
        x = leaf()
        h = x * 2
        y = h.sin()
        h.add_(1)
        with pytest.raises(InplaceError, match=r"It was made at .*test_errors\.py:\d+, in test_under_anomaly"):
            y.sum().backward()


def test_a_nan_names_the_operation_its_input_and_the_line() -> None:
    with ac.autograd.detect_anomaly():
        x = ac.tensor([-1.0], requires_grad=True)
        y = x.sqrt()
        with pytest.raises(RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th output.*test_errors\.py:\d+"):
            y.sum().backward()


def test_a_leaf_is_not_written_to() -> None:
    with pytest.raises(InplaceError, match=r"a leaf Variable that requires grad.*\(add_\).*no_grad"):
        leaf().add_(1)
    with pytest.raises(InplaceError, match=r"a view of a leaf Variable.*\(mul_\)"):
        leaf()[:2].mul_(2)


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(
        RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton dimension 1 \(in add"
    ):
        ac.ones(2, 3) + ac.ones(2, 4)


def test_a_failed_write_changes_nothing() -> None:
    x = ac.ones(2, 3)
    for wrong in (
        lambda: x.add_(ac.ones(4)),
        lambda: x.mul_(ac.ones(3, 2, 3)),
        lambda: x.__setitem__(5, 1.0),
        lambda: x.__setitem__((0, 0, 0), 1.0),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            wrong()
    assert ac.equal(x, ac.ones(2, 3))
    assert x._version == 0


def test_gradients_of_what_has_no_graph() -> None:
    with pytest.raises(GraphError, match=r"element 0 of tensors does not require grad.*outside no_grad"):
        ac.ones(1).backward()
    with pytest.raises(GraphError, match=r"implicitly created only for scalar outputs.*\[3\].*gradient="):
        (leaf() * 2).backward()
    with pytest.raises(GraphError, match="allow_unused=True"):
        ac.autograd.grad(leaf().sum(), leaf())
    with pytest.raises(TypeError, match="must be Tensor, not str"):
        ac.add(leaf(), "x")


def test_a_hook_of_the_wrong_shape() -> None:
    x = leaf()
    h = x * 2
    h.register_hook(lambda g: ac.ones(2))
    with pytest.raises(RuntimeError, match=r"expected a gradient of shape \[3\]|broadcast"):
        h.sum().backward()


def test_integers_take_no_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"floating point and complex dtype.*int64.*\.float\(\)"):
        ac.tensor([1, 2], requires_grad=True)


def test_scalars_and_tensors_do_not_mix() -> None:
    with pytest.raises(TypeError, match=r"Scalar among Tensors.*scalar\.value"):
        ac.mul(leaf(), ac.Scalar(2.0))


def test_writes_through_raw_arrays_are_noticed_when_they_are_told() -> None:
    from autograd_cnn.engine.versions import wrote

    x = leaf()
    h = x * 2
    y = h * h
    h.detach().numpy()[0] = 5.0
    wrote(h.value)
    with pytest.raises(InplaceError):
        y.sum().backward()


THROUGH: dict[str, Callable[[Any], Any]] = {
    "a product": lambda x: (x * (1 + 2j)).abs().sum(),
    "a cast": lambda x: x.to(ac.complex64).abs().sum(),
    "a tensor": lambda x: (x * ac.tensor([1 + 2j, 2j])).abs().sum(),
    "written": lambda x: ac.zeros(2, dtype=ac.complex64).copy_(x).abs().sum(),
    "the result": lambda x: (x * 1j).sum(),
    "a leaf": lambda x: ac.tensor([1j, 2.0], requires_grad=True).abs().sum(),
}


@pytest.mark.parametrize("name", THROUGH)
def test_no_gradient_goes_through_complex_numbers(name: str) -> None:
    """The rules take no conjugates: |(1 + 2j) x| had the slope 1 in place of |1 + 2j|."""
    y = THROUGH[name](ac.tensor([1.0, -2.0], requires_grad=True))
    with pytest.raises(DtypeError, match="expected real numbers, got complex64"):
        y.backward()


def test_complex_numbers_are_not_taken_for_real_ones() -> None:
    z = ac.tensor([1j, 2.0])
    w = z * ac.ones(2, requires_grad=True)
    for call in (lambda: z.real, lambda: z.reshape(1, 2).mH, lambda: z.reshape(1, 2).H, lambda: z.reshape(1, 2).adjoint()):
        with pytest.raises(DtypeError, match="expected real numbers, got complex64"):
            call()
    with pytest.raises(DtypeError, match="grad: expected real numbers"):
        ac.autograd.grad(w.abs().sum(), w)
