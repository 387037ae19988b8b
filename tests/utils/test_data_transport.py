"""Arrays on their way from a worker: through the pipe or through shared memory they come the same, at every size about the border."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_cnn.utils.data import DataLoader, transport

SIZES = [0, 1, transport.BIG // 8 - 1, transport.BIG // 8, transport.BIG // 8 + 1, transport.BIG // 4, 3 * transport.BIG]


class Arrays:
    """Samples of all sizes and several types; each entry knows its sample."""

    def __len__(self) -> int:
        return 2 * len(SIZES)

    def __getitem__(self, i: int) -> Any:
        n = SIZES[i % len(SIZES)]
        return i, np.arange(n) + i, np.full((3, n), i, np.float32)[:, ::2], np.arange(n) % 3 == i % 3


def _same(batch: Any) -> Any:
    return batch[0]


@pytest.mark.parametrize("border", [1, transport.BIG, 1 << 40])
@pytest.mark.parametrize("segments", [True, False])
def test_the_same_whichever_way(monkeypatch: pytest.MonkeyPatch, border: int, segments: bool) -> None:
    monkeypatch.setattr(transport, "BIG", border)
    if not segments:
        monkeypatch.setattr(transport, "HAS_SEGMENTS", False)
    kept = list(DataLoader(Arrays(), num_workers=2, collate_fn=_same))  # all of them stay: no segment may be used twice meanwhile
    for i, (number, *arrays) in enumerate(kept):
        assert number == i
        for came, made in zip(arrays, Arrays()[i][1:], strict=True):
            assert came.dtype == made.dtype and np.array_equal(came, made) and came.flags.writeable
