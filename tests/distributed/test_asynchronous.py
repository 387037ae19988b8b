"""Downpour SGD: processes that share parameters and do not wait for one another."""

from __future__ import annotations

import pytest

from .ranks import needs_mpi, run_ranks

pytestmark = [needs_mpi, pytest.mark.slow]


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_nothing_is_lost(ranks: int) -> None:
    run_ranks("asynchronous.nothing_is_lost", ranks, 200)


def test_nor_between_machines() -> None:
    """MPICH told that no two processes are on one machine."""
    run_ranks("asynchronous.nothing_is_lost", 3, 50, MPIR_CVAR_NOLOCAL="1")


@pytest.mark.parametrize(("push", "pull"), [(1, 3), (3, 1), (2, 4), (4, 2)])
def test_sent_and_read_more_seldom(push: int, pull: int) -> None:
    run_ranks("asynchronous.seldom", 2, push, pull)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_learns_and_waits_only_where_it_is_bound(momentum: float) -> None:
    for bound in (None, 2):
        said = [e.said for e in run_ranks("asynchronous.learns", 2, bound, momentum)]
        for before, after, _, _ in said:
            assert after < 0.6 * before
        assert said[0][1] == said[1][1]  # they end with the same parameters
        slow, fast = said
        if bound is None:
            assert slow[2] == fast[2] == 0.0
        else:
            assert fast[2] > 0.2 and max(slow[3], fast[3]) <= 2 * (bound + 1)


def test_one_process_is_sgd() -> None:
    run_ranks("asynchronous.one_is_sgd", 1)


def test_mistakes() -> None:
    for end in run_ranks("asynchronous.mistakes", 2):
        assert end.said == [
            "Downpour: momentum: expected a number from 0 to below 1, got 1.0.",
            "Downpour: bound: expected a whole number from 0 on, got -1.",
            "Downpour: push_every: expected a whole number from 1 on, got 0.",
            "Invalid learning rate: -1.0",
            "Downpour: expected parameters of one dtype, float32 or float64, got float32, float64.",
            "Downpour.add_param_group: the parameters are shared already; give all of them to Downpour(…).",
            "0.8571",
            "0.0000",
            "Downpour.step: after finish(), nothing is shared any more. Make a new Downpour.",
        ]


def test_who_waits_says_for_whom() -> None:
    ended = run_ranks("asynchronous.never_finishes", 2, fails=True, seconds=40)
    assert ended[0].code and "waited 2 s for rank 1, which has made 0 steps, this process 2; at most 1 ahead was asked for" in ended[0].err
    assert ended[1].code
