"""Complex numbers through every public function and method: what PyTorch computes is computed alike or refused, and what it refuses
is refused, or is a linear map of which both parts are right."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")

GENERATOR = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    return GENERATOR.standard_normal(shape) + 1j * GENERATOR.standard_normal(shape)


ARGUMENTS = [
    arguments
    for x in (drawn(4), drawn(3, 3), drawn(1, 2, 4), drawn(1, 2, 4, 4))
    for y in (x[..., ::-1].copy(),)
    for arguments in ((x,), (x, y), (x, 0), (x, 1), (x, 2), (x, 0.5), (x, 0, 1), (x, 0.0, 1.0), (x, y, x), (x, y, 0.5), (x, 2, 0))
]
# What PyTorch has no kernel for, though a complex number is mapped part by part, or by its absolute value.
COMPUTED_HERE = {
    *"bernoulli cdist pdist deg2rad deg2rad_ rad2deg rad2deg_ isin interpolate upsample upsample_nearest abs_ absolute_".split(),
    *(f"{kind}avg_pool{n}d" for kind in ("", "adaptive_") for n in (1, 2, 3)),
}
NOT_NUMBERS = {"empty_like", "coalesce", "is_pinned", "new", "pin_memory", "type"}  # memory as it is; where tensors live
SETTINGS = ("set_", "use_", "get_", "save", "load", "seed", "manual_seed", "compile", "data_ptr")  # names that begin so
NEEDS_MORE = {"backward", "register_hook", "apply_", "map_", "share_memory_", "numpy"}


def both() -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any]]]:
    for ours, theirs in ((ac, torch), (ac.nn.functional, torch.nn.functional), (ac.linalg, torch.linalg)):
        for name in dir(ours):
            pair = getattr(ours, name), getattr(theirs, name, None)
            if not name.startswith(("_", *SETTINGS)) and all(callable(f) and not inspect.isclass(f) for f in pair):
                yield name, *pair
    for name in dir(ac.Tensor):
        if not name.startswith(("_", *SETTINGS)) and name not in NEEDS_MORE and callable(getattr(torch.Tensor, name, None)):
            yield name, *(lambda x, *rest, name=name: getattr(x, name)(*rest),) * 2


def numbers(found: Any) -> list[Any]:
    if isinstance(found, tuple | list):
        return [part for each in found for part in numbers(each)]
    if isinstance(found, torch.Tensor):
        return [found.detach().resolve_conj().numpy()]
    if isinstance(found, ac.Tensor):
        return [np.asarray(found.detach().numpy())]
    return [found] if isinstance(found, bool | int | float | complex) else []


def result(library: Any, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return numbers(call(*(library.tensor(x) if isinstance(x, np.ndarray) else x for x in arguments)))
    except Exception as error:
        return error


def same(a: Any, b: Any) -> bool:
    return (
        np.shape(a) == np.shape(b)
        and getattr(a, "dtype", None) == getattr(b, "dtype", None)
        and np.allclose(a, b, rtol=1e-6, atol=1e-8, equal_nan=True)
    )


def test_complex_numbers_are_computed_as_in_torch_or_refused() -> None:
    wrong, alike = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, ours, theirs in both():
            for arguments in ARGUMENTS:
                mine = result(ac, ours, arguments)
                if isinstance(mine, Exception) or name in NOT_NUMBERS:
                    continue
                wanted = result(torch, theirs, arguments)
                if isinstance(wanted, Exception):
                    if name not in COMPUTED_HERE and not (type(wanted) is TypeError and "argument" in str(wanted)):
                        wrong.append(f"{name}{[np.shape(x) for x in arguments]}: {mine} where torch raises {wanted}")
                elif len(mine) != len(wanted) or not all(map(same, mine, wanted)):
                    wrong.append(f"{name}{[np.shape(x) for x in arguments]}: {mine} where torch gives {wanted}")
                else:
                    alike += 1
    assert not wrong, "\n".join(wrong)
    assert alike > 2000
