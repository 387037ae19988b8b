"""`@expose` of a user's operation, after the import: it is public at once, and a definition that is run again takes its place."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional
from autograd_cnn.ops.registry.expose import expose
from autograd_cnn.primitives.primitive import primitive

from ..exposed import TABLES, forgotten


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    with forgotten():
        yield


def versine(factor: float = 1.0, places: str = "function method inplace functional") -> Any:
    @expose(places, "versine")
    @primitive(name="versine")
    def versine(input: Any) -> Any:
        """y = factor · sin input"""
        return factor * np.sin(input)

    versine.vjp("input")(lambda g, input: g * factor * np.cos(input))
    return versine


X = np.array([0.5, 1.0], np.float32)


def test_it_appears_everywhere_at_once() -> None:
    with pytest.raises(AttributeError):
        ac.tensor([1.0]).versine()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        ac.versine  # noqa: B018
    versine()
    x = ac.tensor(X)
    for found in (ac.versine(x), x.versine(), functional.versine(x), x.clone().versine_()):  # type: ignore[attr-defined]
        assert np.allclose(found.numpy(), np.sin(X))
    assert x.tolist() == X.tolist()
    assert {"versine"} <= set(dir(ac)) & set(dir(functional)) & set(functional.__all__) & set(dir(x))
    assert ac.nn.Parameter(x).versine().requires_grad  # type: ignore[attr-defined]
    y = ac.tensor(X, requires_grad=True)
    y.versine().sum().backward()  # type: ignore[attr-defined]
    assert y.grad is not None and np.allclose(y.grad.numpy(), np.cos(X))


def test_in_place_it_writes_and_is_differentiated() -> None:
    versine()
    x = ac.tensor(X, requires_grad=True)
    y = x * 1
    assert y.versine_() is y  # type: ignore[attr-defined]
    y.sum().backward()
    assert x.grad is not None and np.allclose(x.grad.numpy(), np.cos(X))
    with pytest.raises(ac.errors.InplaceError, match="versine_"):
        x.versine_()  # type: ignore[attr-defined]


def test_run_again_it_takes_its_place() -> None:
    versine()
    x = ac.tensor(X)
    first = (ac.versine(x), x.versine(), functional.versine(x), x.clone().versine_())  # type: ignore[attr-defined]
    versine(3.0)
    second = (ac.versine(x), x.versine(), functional.versine(x), x.clone().versine_())  # type: ignore[attr-defined]
    assert all(np.allclose(b.numpy(), 3 * a.numpy()) for a, b in zip(first, second, strict=True))


def test_a_plain_function_is_a_method_too() -> None:
    @expose("function method")
    def twice(input: Any) -> Any:
        return input * 2

    assert ac.twice(ac.ones(1)).item() == ac.ones(1).twice().item() == 2.0  # type: ignore[attr-defined]


def test_numbers_get_the_method_of_an_operation_with_a_kernel_for_floats() -> None:
    prim = versine()
    assert not hasattr(ac.Scalar(1.0), "versine")
    prim.kernel(float)(lambda input: 2.0 * input)
    assert ac.Scalar(1.5).versine().value == 3.0  # type: ignore[attr-defined]


def test_it_is_pickled_as_the_package_shows_it() -> None:
    versine()
    assert (ac.versine.__module__, ac.versine.__qualname__) == ("autograd_cnn", "versine")
    assert pickle.loads(pickle.dumps(ac.versine)) is ac.versine


def test_only_in_functional_it_is_pickled_from_there() -> None:
    versine(places="functional")
    assert functional.versine.__module__ == "autograd_cnn.nn.functional"
    assert pickle.loads(pickle.dumps(functional.versine)) is functional.versine


@pytest.mark.parametrize(
    ("place", "name", "where"),
    [
        ("function", "tensor", "autograd_cnn.tensor"),
        ("function", "nn", "autograd_cnn.nn"),
        ("function", "float32", "autograd_cnn.float32"),
        ("method", "backward", "Tensor.backward"),
        ("method", "shape", "Tensor.shape"),
        ("inplace", "requires_grad", "Tensor.requires_grad_"),
    ],
)
def test_names_that_are_taken_are_refused(place: str, name: str, where: str) -> None:
    before = [dict(t) for t in TABLES]
    with pytest.raises(ValueError, match=rf"@expose: {where} exists already: expected another name"):
        expose(place, name)(lambda input: input)
    assert [dict(t) for t in TABLES] == before
    assert ac.tensor([1.0]).shape == (1,)


def test_another_operations_name_is_refused() -> None:
    for place in ("function", "method", "inplace", "functional"):
        with pytest.raises(ValueError, match=f"'sigmoid' is exposed twice as {place}"):
            expose(place, "sigmoid")(lambda input: input)


def test_a_name_that_one_place_refuses_is_given_nowhere() -> None:
    with pytest.raises(ValueError, match=r"autograd_cnn.tensor exists already"):

        @expose("method functional function", "tensor")
        @primitive(name="refused everywhere")
        def op(input: Any) -> Any:
            return input

    assert not hasattr(ac.Tensor, "tensor") and not hasattr(functional, "tensor")
