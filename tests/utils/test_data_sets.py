"""Datasets, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd_cnn.random import Generator, get_rng_state, manual_seed
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Count(IterableDataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))


def test_tensor_dataset() -> None:
    x, y = wrap(np.arange(6.0).reshape(3, 2)), wrap(np.arange(3))
    data = TensorDataset(x, y)
    assert len(data) == 3
    sample = data[1]
    assert isinstance(sample, tuple)
    np.testing.assert_array_equal(sample[0].value, [2.0, 3.0])
    assert sample[1].item() == 1
    np.testing.assert_array_equal(data[1:][0].value, x.value[1:])


@pytest.mark.parametrize("contiguous", [True, False])
def test_batches_of_tensors_are_gathered(contiguous: bool) -> None:
    """The short way past the samples gives what collating them gives, for subsets of subsets too, in fresh memory."""
    array = np.arange(24.0).reshape(8, 3) if contiguous else np.arange(24.0).reshape(3, 8).T
    plain = TensorDataset(wrap(array), wrap(np.arange(8)))
    data = Subset(Subset(plain, [7, 5, 3, 1, -8]), [4, 0, 2])
    short = list(DataLoader(data, 2))
    long = list(DataLoader(data, 2, collate_fn=lambda samples: samples))
    for batch, samples in zip(short, long, strict=True):
        assert isinstance(batch, list)
        np.testing.assert_array_equal(batch[0].value, np.stack([sample[0].value for sample in samples]))
        np.testing.assert_array_equal(batch[1].value, [sample[1].item() for sample in samples])
        assert not np.shares_memory(batch[0].value, array)


def test_samples_of_a_subclass_are_not_bypassed() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return tuple(wrap(2 * t.value) for t in super().__getitem__(index))

    class Batched(TensorDataset):
        def __getitems__(self, indices: list[int]) -> Any:
            return [self[0] for _ in indices]

    x = wrap(np.arange(4.0))
    assert [b[0].tolist() for b in DataLoader(Doubled(x), 2)] == [[0.0, 2.0], [4.0, 6.0]]
    assert [b[0].tolist() for b in DataLoader(Batched(x), 2)] == [[0.0, 0.0], [0.0, 0.0]]


def test_a_dataset_that_requires_grad_stays_in_the_graph() -> None:
    x = wrap(np.arange(4.0), requires_grad=True)
    (batch,) = DataLoader(TensorDataset(x), 4)
    batch[0].sum().backward()
    np.testing.assert_array_equal(x.grad.value, np.ones(4))


def test_getitems_is_preferred() -> None:
    class Batched(Dataset[int]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, i: int) -> int:
            raise AssertionError("one by one")

        def __getitems__(self, indices: list[int]) -> list[int]:
            return [10 * i for i in indices]

    assert [b.tolist() for b in DataLoader(Batched(), 3)] == [[0, 10, 20], [30]]
    assert [b.tolist() for b in DataLoader(Subset(Batched(), [3, 1]), 2)] == [[30, 10]]
    assert [b[1].tolist() for b in DataLoader(StackDataset(range(4), Batched()), 2)] == [[0, 10], [20, 30]]


def test_stacked_dataset_with_a_faulty_member() -> None:
    class Short:
        def __len__(self) -> int:
            return 3

        def __getitems__(self, indices: list[int]) -> list[int]:
            return [0]

    for stacked in (StackDataset(Short()), StackDataset(a=Short())):
        with pytest.raises(ValueError, match=r"output size mismatch.*expected 2 samples, got 1"):
            stacked.__getitems__([0, 1])


def test_concat_and_chain() -> None:
    both = ConcatDataset(["abc", "de"]) + Subset("fg", [0])
    assert isinstance(both, ConcatDataset)
    assert "".join(both[i] for i in range(-6, 6)) == "abcdefabcdef"
    chain = Count(2) + Count(3)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 0, 1, 2]
    assert [b.tolist() for b in DataLoader(chain, 2)] == [[0, 1], [0, 1], [2]]


def test_every_place_of_a_chain_of_unlike_lengths() -> None:
    parts = [["a"], [], ["b", "c", "d"], ["e", "f"], ["g"]]
    joined = ConcatDataset(parts)
    assert [joined[i] for i in range(7)] == list("abcdefg")
    assert [joined[i] for i in range(-7, 0)] == list("abcdefg")
    for i in (7, -8):
        with pytest.raises((IndexError, ValueError), match=f"got {i}"):
            joined[i]


def test_split_draws_one_permutation() -> None:
    manual_seed(5)
    first = [s.indices for s in random_split(range(10), [6, 4])]
    manual_seed(5)
    order = Generator().manual_seed(5).permutation(10).tolist()
    assert first == [order[:6], order[6:]]
    state = bytes(get_rng_state())
    random_split(range(10), [6, 4], generator=Generator())
    assert bytes(get_rng_state()) == state


def test_split_warns_of_an_empty_part() -> None:
    with pytest.warns(UserWarning, match=r"Length of split at index 1 is 0"):
        parts = random_split(range(3), [0.99, 0.01])
    assert [len(part) for part in parts] == [3, 0]


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: Dataset()[0], NotImplementedError, r"should implement __getitem__, and Dataset does not"),
    (lambda: TensorDataset(), ValueError, r"TensorDataset: expected at least one tensor, got none"),
    (lambda: TensorDataset(wrap(np.ones(2)), wrap(np.ones(3))), AssertionError, r"^Size mismatch between tensors.*\[2"),
    (lambda: TensorDataset(np.ones(2)), TypeError, r"expected tensors, got ndarray as argument 0.*as_tensor"),  # type: ignore[arg-type]
    (lambda: TensorDataset(wrap(np.float32(1))), IndexError, r"got a 0-d tensor as argument 0"),
    (lambda: StackDataset(), ValueError, r"At least one dataset should be passed"),
    (lambda: StackDataset([1], a=[2]), ValueError, r"by position .* or by name .*, got both"),
    (lambda: StackDataset([1], [2, 3]), ValueError, r"Size mismatch between datasets.*\[1, 2\]"),
    (lambda: ConcatDataset([]), AssertionError, r"should not be an empty iterable"),
    (lambda: ConcatDataset([Count(2)]), AssertionError, r"does not support IterableDataset.*ChainDataset"),
    (lambda: ConcatDataset(["ab"])[-3], ValueError, r"should not exceed dataset length, got -3 of 2"),
    (lambda: ConcatDataset(["ab"])[2], IndexError, r"expected an index below 2, got 2"),
    (lambda: list(ChainDataset(["ab"])), AssertionError, r"only supports IterableDataset, got str.*ConcatDataset"),
    (lambda: random_split(range(10), [3, 4]), ValueError, r"^Sum of input lengths does not equal.*sum to 10.*sum to 7"),
    (lambda: random_split(range(10), [0.7, 0.2]), ValueError, r"got \[0.7, 0.2\], which sum to 0.9"),
    (lambda: random_split(range(10), [12, -2]), ValueError, r"expected lengths of at least 0, got \[12, -2\]"),
    (lambda: random_split(range(10), [2.5, 7.5]), TypeError, r"expected whole numbers or fractions"),
    (lambda: random_split(range(10), [1.5, -0.5]), ValueError, r"Fraction at index 0 is not between 0 and 1, got 1.5"),
    (
        lambda: random_split(range(2), [1, 1], np.random.default_rng(0)),
        TypeError,  # type: ignore[arg-type]
        r"random_split: expected generator to be an autograd_cnn.Generator or None, got numpy.random",
    ),
]


@pytest.mark.parametrize(("act", "kind", "text"), WRONG)
def test_errors(act: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()


def test_a_stream_without_iter_cannot_be_made() -> None:
    with pytest.raises(TypeError, match=r"abstract"):
        IterableDataset()  # type: ignore[abstract]


def test_a_subset_that_overrides_half() -> None:
    class Half(Subset[Any]):
        def __getitem__(self, i: Any) -> Any:
            return super().__getitem__(i)

    with pytest.raises(NotImplementedError, match=r"Half overrides __getitem__ but not __getitems__"):
        Half("abc", [0])


def test_row_out_of_range_names_index_and_size() -> None:
    with pytest.raises(IndexError, match=r"index 7 is out of bounds for dimension 0 with size 3"):
        list(DataLoader(TensorDataset(wrap(np.ones(3))), sampler=[0, 7], batch_size=2))


def test_a_negative_row_counts_from_the_end_and_no_further() -> None:
    data = TensorDataset(wrap(np.arange(3.0)))
    assert [x.tolist() for (x,) in DataLoader(data, sampler=[-1, -3], batch_size=2)] == [[2.0, 0.0]]
    for below in (-4, -7):
        with pytest.raises(IndexError, match=rf"index {below} is out of bounds for dimension 0 with size 3"):
            list(DataLoader(data, sampler=[0, below], batch_size=2))
