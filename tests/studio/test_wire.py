"""Messages, also those that nobody means well."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.studio.wire import as_bytes, pack, picture_of, unpack


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), st.binary())
def test_what_is_packed_is_unpacked(head: dict[str, object], data: bytes) -> None:
    message = pack(head, data)
    assert unpack(message) == (head, data)
    assert (len(message) - len(data)) % 4 == 0


@given(st.binary())
def test_any_bytes_are_a_message_or_a_value_error(message: bytes) -> None:
    try:
        head, _ = unpack(message)
    except ValueError:
        return
    assert isinstance(head, dict)


def test_a_head_that_nests_without_end_is_refused() -> None:
    text = b'{"a":' + b"[" * 100_000
    with pytest.raises(ValueError, match="JSON object"):
        unpack(len(text).to_bytes(4, "little") + text)


@pytest.mark.parametrize("wrong", [[np.nan] * 4, [0, 0, 0, 2.0], [0, 0, 0, -1], [np.inf] * 4])
def test_a_picture_is_of_brightness(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="numbers from 0 to 1"):
        picture_of(np.float32(wrong).tobytes(), (1, 2, 2))


def test_a_picture_has_its_size() -> None:
    with pytest.raises(ValueError, match="4 float32 numbers, got 12 bytes"):
        picture_of(b"\0" * 12, (1, 2, 2))


def test_maps_travel_between_their_ends() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    ((low, high, bad),), (raw,) = as_bytes([x])
    back = low + np.frombuffer(raw, np.uint8).reshape(x.shape) / 255 * (high - low)
    assert bad == 0 and np.abs(back - x).max() <= (high - low) / 500
    ((low, high, _),), (raw,) = as_bytes([x], diverging=True)
    assert low == -high == -np.abs(x).max()


def test_what_is_not_finite_is_counted() -> None:
    ((low, high, bad),), (raw,) = as_bytes([np.array([np.nan, 1.0, np.inf, 3.0])])
    assert (low, high, bad) == (1.0, 3.0, 2) and list(raw) == [0, 0, 0, 255]
    assert as_bytes([np.full(2, np.nan)])[0] == [[0.0, 0.0, 2]]
    assert list(as_bytes([np.zeros(1)], diverging=True)[1][0]) == [128]
