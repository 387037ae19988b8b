"""Fuzzing the public surface: no crash, no hang, no warning, no half-changed object, no undocumented exception."""

from __future__ import annotations

import pytest

from .surface import fuzz, surface


def test_the_surface_is_found() -> None:
    names = surface()
    assert len(names) > 400
    assert {"ac.add", "Tensor.add_", "F.relu", "ac.zeros"} <= set(names)


def report(wrong: list[str]) -> str:
    return f"{len(wrong)} wrong:\n" + "\n".join(wrong[:40])


def test_a_few_calls() -> None:
    tally = fuzz(1500, seed=1)
    assert not tally.wrong, report(tally.wrong)
    assert tally.answers > 100


@pytest.mark.slow
def test_many_calls() -> None:
    tally = fuzz(12_000, seed=2)
    assert not tally.wrong, report(tally.wrong)
    assert tally.answers > 1000
