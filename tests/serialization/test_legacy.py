"""Files as torch 0.1 to 1.5 wrote them, made by hand."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from autograd_cnn.serialization import load
from autograd_cnn.tensors.tensor import Parameter, Tensor

from .crafting import FOUR, P, legacy, name, number, program, storage, text, tuple_of

OLD = storage("94", 4, "FloatStorage", "cpu", P.NONE)
FLAT = tuple_of(number(4)), tuple_of(number(1))
OLD_TENSOR = name("torch._utils", "_rebuild_tensor") + tuple_of(OLD, number(0), *FLAT) + P.REDUCE
HOOKS = name("collections", "OrderedDict") + P.EMPTY_TUPLE + P.REDUCE


def test_tensors_of_0_2() -> None:
    back = load(legacy(program(OLD_TENSOR), {"94": FOUR}))
    assert type(back) is Tensor
    assert back.tolist() == [1, 2, 3, 4]


def test_tensors_of_0_1() -> None:
    code = name("torch", "FloatTensor") + P.EMPTY_TUPLE + P.NEWOBJ + P.BINPUT + b"\x05"
    code += tuple_of(OLD, number(0), tuple_of(number(2), number(2)), tuple_of(number(2), number(1))) + P.BUILD
    back = load(legacy(program(P.EMPTY_LIST, P.MARK, code, P.BINGET + b"\x05", P.APPENDS), {"94": FOUR}))
    assert back[0].tolist() == [[1, 2], [3, 4]]
    assert back[0] is back[1]


@pytest.mark.parametrize("requires_grad", [True, False])
def test_parameters_of_0_3(requires_grad: bool) -> None:
    flag = P.NEWTRUE if requires_grad else P.NEWFALSE
    code = name("torch.nn.parameter", "Parameter") + tuple_of(OLD_TENSOR) + P.REDUCE
    code += tuple_of(flag, P.NEWFALSE, HOOKS) + P.BUILD
    back = load(legacy(program(code), {"94": FOUR}))
    assert type(back) is Parameter
    assert back.requires_grad is requires_grad


def test_parameters_of_0_1() -> None:
    code = name("torch.nn.parameter", "Parameter") + P.EMPTY_TUPLE + P.NEWOBJ
    code += tuple_of(OLD_TENSOR, P.NONE, HOOKS, P.NEWTRUE, P.NEWFALSE) + P.BUILD
    assert load(legacy(program(code), {"94": FOUR})).requires_grad


def test_storages_that_are_parts_of_storages() -> None:
    part = tuple_of(text("95"), number(1), number(2))
    views = [storage("94", 4, "FloatStorage", "cpu", part) for _ in range(2)]
    tensors = [
        name("torch._utils", "_rebuild_tensor") + tuple_of(view, number(0), tuple_of(number(2)), tuple_of(number(1))) + P.REDUCE
        for view in views
    ]
    back = load(legacy(program(tuple_of(*tensors, OLD_TENSOR)), {"94": FOUR}))
    assert back[0].tolist() == [2, 3]
    back[0].value[0] = 9
    assert back[1].tolist() == [9, 3]
    assert back[2].tolist() == [1, 9, 3, 4]


def test_text_of_python_2() -> None:
    def short(raw: bytes) -> bytes:
        return P.SHORT_BINSTRING + bytes([len(raw)]) + raw

    old = tuple_of(short(b"storage"), name("torch", "FloatStorage"), short(b"94"), short(b"cpu"), number(4), P.NONE)
    tensor = name("torch._utils", "_rebuild_tensor") + tuple_of(old + P.BINPERSID, number(0), *FLAT) + P.REDUCE
    array = name("numpy.core.multiarray", "_reconstruct") + tuple_of(name("numpy", "ndarray"), number(0) + P.TUPLE1, short(b"b"))
    array += P.REDUCE + tuple_of(number(1), number(2) + P.TUPLE1, dtype(short), P.NEWFALSE, short(struct.pack("<2f", 1, -2))) + P.BUILD
    code = P.EMPTY_DICT + P.MARK + short(b"caf\xe9") + tensor + short(b"array") + array + P.SETITEMS
    file = legacy(program(code), {"94": FOUR})
    back = load(file, encoding="latin1")
    assert back["café"].tolist() == [1, 2, 3, 4]
    assert np.array_equal(back["array"], np.array([1, -2], np.float32))
    file.seek(0)
    assert load(file, encoding="bytes")[b"caf\xe9"].tolist() == [1, 2, 3, 4]
    file.seek(0)
    with pytest.raises(Exception, match=r"a text is not utf-8 .*try load\(..., encoding='latin1'\)"):
        load(file)


def dtype(short: object) -> bytes:
    assert callable(short)
    state = tuple_of(number(3), short(b"<"), P.NONE, P.NONE, P.NONE, number(-1), number(-1), number(0))
    made: bytes = name("numpy", "dtype") + tuple_of(short(b"f4"), number(0), number(1)) + P.REDUCE + state + P.BUILD
    return made


def test_storages_of_any_size_and_order() -> None:
    tensors, content = [], {}
    for i in range(20):
        key = str(90 + i * 7 % 20)
        of = storage(key, 300 * i, "DoubleStorage", "cpu", P.NONE)
        sizes = tuple_of(number(300 * i)), tuple_of(number(1))
        tensors.append(name("torch._utils", "_rebuild_tensor") + tuple_of(of, number(0), *sizes) + P.REDUCE)
        content[key] = np.full(300 * i, float(i)).tobytes()
    back = load(legacy(program(tuple_of(*tensors)), content, itemsize=8))
    for i, tensor in enumerate(back):
        assert np.array_equal(tensor.value, np.full(300 * i, float(i)))


def test_a_pickle_of_more_than_one_block() -> None:
    code = P.EMPTY_LIST + P.MARK + b"".join(text("x" * 1000 + str(i)) for i in range(500)) + P.APPENDS
    file = legacy(program(code), {})
    assert load(file)[499] == "x" * 1000 + "499"
    assert file.read() == b""


def test_classes_with_their_source() -> None:
    """torch kept the source text of a saved module's class beside it; it is not looked at."""
    from autograd_cnn import serialization

    class Net:
        pass

    code = tuple_of(text("module"), name("model", "Net"), text("net.py"), text("import os; os.abort()")) + P.BINPERSID
    file = legacy(program(code, P.EMPTY_TUPLE, P.NEWOBJ), {})
    with pytest.raises(Exception, match=r"GLOBAL model.Net was not an allowed global"):
        load(io.BytesIO(file.getvalue()))
    with serialization.safe_globals([(Net, "model.Net")]):
        assert type(load(file)) is Net
