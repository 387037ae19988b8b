"""Programs of whole graphs: their text as it is kept, and their numbers beside the engine's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

from .golden import FOLDER, file_of
from .graphs import GRAPHS, made

RANDOM = {"dropout"}  # its mask is drawn at each call


@pytest.mark.parametrize("name", GRAPHS)
def test_the_text_is_the_golden_one(name: str) -> None:
    assert made(name).source() == file_of(name).read_text(encoding="utf-8"), f"python -m tests.program.golden {name}"


def test_no_golden_file_is_left_over() -> None:
    assert {p.stem for p in FOLDER.iterdir()} == set(GRAPHS)


def flat(x: Any) -> list[Any]:
    if isinstance(x, dict):
        x = tuple(x.values())
    return [part for v in x for part in flat(v)] if isinstance(x, tuple | list) else [x]


def number(x: Any) -> Any:
    return np.asarray(x.detach().numpy() if isinstance(x, ac.Tensor) else getattr(x, "value", x))


@pytest.mark.parametrize("name", [n for n in GRAPHS if n not in RANDOM])
def test_the_program_gives_the_engines_numbers(name: str) -> None:
    case = made(name)
    graph = ac.trace(case.fn, *case.args)
    text = graph.source(backward=case.backward)
    module: dict[str, Any] = {}
    exec(text, module)
    found = module["forward"](**text.arguments)
    saved = None
    if case.backward:
        found, saved = found
    results = flat(case.fn(*case.args))
    for a, b in zip(flat(found), results, strict=True):
        assert np.asarray(a).dtype == number(b).dtype
        np.testing.assert_allclose(a, number(b), rtol=2e-5, atol=2e-6)
    if not case.backward:
        return
    named = {**dict(zip(text.arguments, case.args, strict=False)), **{v.name or "": v.of for v in graph.values if v.of is not None}}
    leaves = list(
        dict.fromkeys(x for x in [*case.args, *[v.of for v in graph.values if v.kind == "parameter"]] if getattr(x, "requires_grad", False))
    )
    leaves = leaves or [x for x in case.args if isinstance(x, ac.Tensor) and x.dtype == ac.float32]
    assert named
    for x in leaves:
        x.requires_grad_() if isinstance(x, ac.Tensor) else None
    results = [r for r in flat(case.fn(*case.args)) if r.requires_grad]
    alone = len(results) == 1 and number(results[0]).shape == ()
    rng = np.random.default_rng(1)
    seeds = [] if alone else [rng.standard_normal(number(r).shape).astype(np.float32) for r in results]
    found = flat(module["backward"](saved, *seeds))
    if isinstance(results[0], ac.Scalar):
        results[0].backward()
        wanted = [x.grad for x in leaves]
    else:
        wanted = [number(g) for g in ac.autograd.grad(results, leaves, [ac.tensor(s) for s in seeds] or None)]
    for a, b in zip(found, wanted, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["neuron", "micrograd"])
def test_numbers_need_no_import_but_math(name: str) -> None:
    text = made(name).source()
    assert {line for line in text.splitlines() if line.startswith(("import", "from"))} <= {"import math"}


def test_only_networks_with_windows_need_kernels() -> None:
    with_kernels = {name for name in GRAPHS if "kernels." in made(name).source()}
    assert with_kernels == {"lenet5", "lenet5_inference", "residual_block", "residual_block_eval", "dilated_1d", "layer_norm_gelu"}
