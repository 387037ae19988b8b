"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.nn.containers import ModuleDict, ModuleList, Sequential
from autograd_cnn.nn.module.module import Module
from autograd_cnn.nn.parameter_containers import ParameterDict, ParameterList
from autograd_cnn.tensors.tensor import Parameter


class Add(Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Any) -> Any:
        return x + self.n

    def extra_repr(self) -> str:
        return str(self.n)


def adds(*ns: int) -> list[Add]:
    return [Add(n) for n in ns]


def ns(modules: Any) -> list[int]:
    return [m.n for m in modules]


def names(module: Module) -> list[str]:
    return list(module._modules)


# ------------------------------------------------------------------------------------------------- Sequential
def test_sequential_calls_in_order() -> None:
    assert Sequential(*adds(1, 2, 3))(10) == 16
    assert Sequential()(5) == 5
    named = Sequential(OrderedDict(first=Add(1), second=Add(2)))
    assert named(0) == 3
    assert named.second.n == 2


def test_sequential_as_a_sequence() -> None:
    s = Sequential(*adds(0, 1, 2, 3))
    assert len(s) == 4
    assert ns(s) == [0, 1, 2, 3]
    assert s[-1].n == 3
    assert ns(s[1:3]) == [1, 2]
    assert names(s[1:3]) == ["1", "2"]  # a slice keeps the names
    s[0] = Add(9)
    assert ns(s) == [9, 1, 2, 3]
    del s[1]
    assert (ns(s), names(s)) == ([9, 2, 3], ["0", "1", "2"])
    del s[1:]
    assert ns(s) == [9]
    assert s.append(Add(5)) is s
    assert s.insert(0, Add(4)) is s
    assert s.insert(-1, Add(7)) is s
    assert (ns(s), names(s)) == ([4, 9, 7, 5], ["0", "1", "2", "3"])
    assert s.pop(-1).n == 5
    assert ns(s.extend(adds(8))) == [4, 9, 7, 8]


def test_sequential_arithmetic() -> None:
    s, t = Sequential(*adds(1)), Sequential(*adds(2))
    assert ns(s + t) == [1, 2]
    s += t
    assert ns(s) == [1, 2]
    assert ns(s * 2) == [1, 2, 1, 2]
    assert ns(2 * s) == [1, 2, 1, 2]
    s *= 2
    assert names(s) == ["0", "1", "2", "3"]
    s += s
    assert len(s) == 8


def test_sequential_errors() -> None:
    s = Sequential(*adds(1, 2))
    with pytest.raises(IndexError, match="index 2 is out of range"):
        _ = s[2]
    with pytest.raises(IndexError, match="Index out of range: 3"):
        s.insert(3, Add(0))
    with pytest.raises(AssertionError, match=r"Sequential.insert: expected a Module, got int"):
        s.insert(0, 3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        s + 3  # type: ignore[operator]  # on purpose
    with pytest.raises(ValueError, match="Non-positive multiplication factor 0"):
        s * 0
    with pytest.raises(TypeError, match="unsupported operand"):
        s * 1.5  # type: ignore[operator]  # on purpose
    with pytest.raises(TypeError, match="function is not a Module subclass"):
        Sequential(lambda x: x)  # type: ignore[arg-type]  # on purpose


# ------------------------------------------------------------------------------------------------- ModuleList
def test_module_list() -> None:
    m = ModuleList(adds(0, 1, 2))
    assert len(m) == 3
    assert m[-1].n == 2
    assert isinstance(m[:2], ModuleList)
    assert names(m[1:]) == ["0", "1"]  # a slice numbers anew
    m.insert(1, Add(7))
    assert (ns(m), names(m)) == ([0, 7, 1, 2], ["0", "1", "2", "3"])
    assert m.pop(1).n == 7
    del m[0:1]
    assert ns(m) == [1, 2]
    m += adds(5)
    assert ns(m.append(Add(6))) == [1, 2, 5, 6]
    assert ns(m + adds(9)) == [1, 2, 5, 6, 9]
    assert len(m) == 4
    m[0] = Add(3)
    assert m[0].n == 3
    with pytest.raises(IndexError, match="index 4 is out of range"):
        _ = m[4]
    with pytest.raises(TypeError, match=r"ModuleList.extend should be called with an iterable, but got int"):
        m.extend(3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(NotImplementedError, match=r"Module \[ModuleList\] is missing"):
        m(1)


def test_module_list_repr_folds_runs() -> None:
    assert repr(ModuleList()) == "ModuleList()"
    expected = "ModuleList(\n  (0-1): 2 x Add(1)\n  (2): Add(2)\n)"
    assert repr(ModuleList(adds(1, 1, 2))) == expected
    nested = ModuleList([Sequential(*adds(1)), Sequential(*adds(1))])
    assert repr(nested) == "ModuleList(\n  (0-1): 2 x Sequential(\n    (0): Add(1)\n  )\n)"


# ------------------------------------------------------------------------------------------------- ModuleDict
def test_module_dict() -> None:
    m = ModuleDict({"b": Add(1), "a": Add(2)})
    assert list(m) == list(m.keys()) == ["b", "a"]
    assert ns(m.values()) == [1, 2]
    assert [(k, v.n) for k, v in m.items()] == [("b", 1), ("a", 2)]
    assert "a" in m
    assert "c" not in m
    m.update([("c", Add(3))])
    m.update(ModuleDict({"d": Add(4)}))
    assert m.pop("b").n == 1
    del m["a"]
    assert (len(m), list(m)) == (2, ["c", "d"])
    m["c"] = Add(9)
    assert m["c"].n == 9
    m.clear()
    assert len(m) == 0
    with pytest.raises(KeyError):
        _ = m["c"]


def test_module_dict_errors() -> None:
    m = ModuleDict()
    with pytest.raises(TypeError, match=r"ModuleDict.update should be called with an iterable of key/value pairs, but got int"):
        m.update(3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="element #0 should be Iterable; is int"):
        m.update([1])  # type: ignore[list-item]  # on purpose
    with pytest.raises(ValueError, match="element #0 has length 3; 2 is required"):
        m.update([("a", Add(1), 2)])  # type: ignore[list-item]  # on purpose
    with pytest.raises(KeyError, match="attribute 'keys' already exists"):
        m["keys"] = Add(1)


# ------------------------------------------------------------------------------------------------- ParameterList
def test_parameter_list() -> None:
    p = ParameterList([ac.ones(2), Parameter(ac.zeros(3))])
    assert [n for n, _ in p.named_parameters()] == ["0", "1"]
    assert isinstance(p[0], Parameter)
    p.append("note")
    assert (len(p), p[-1]) == (3, "note")
    assert len(p[1:]) == 2
    p[2] = ac.ones(1)
    assert len(list(p.parameters())) == 3
    p += [ac.ones(1)]
    assert [tuple(x.shape) for x in p] == [(2,), (3,), (1,), (1,)]
    assert "0" not in dir(p)
    with pytest.raises(IndexError, match="index 4 is out of range"):
        _ = p[4]
    with pytest.raises(TypeError, match=r"ParameterList.extend should be called with an iterable, but got Tensor"):
        p.extend(ac.ones(2))
    with pytest.raises(RuntimeError, match="ParameterList should not be called"):
        p(1)


# ------------------------------------------------------------------------------------------------- ParameterDict
def test_parameter_dict() -> None:
    p = ParameterDict({"b": ac.ones(2), "a": ac.zeros(1)})
    assert list(p) == ["a", "b"]  # a plain dict is sorted
    assert list(reversed(p)) == ["b", "a"]
    assert isinstance(p["a"], Parameter)
    assert [n for n, _ in p.named_parameters()] == ["a", "b"]
    p["n"] = 3
    assert p.get("n") == 3
    assert p.get("zzz", 4) == 4
    assert p.setdefault("n", 5) == 3
    assert p.setdefault("m", 5) == 5
    assert p.pop("m") == 5
    assert p.popitem() == ("n", 3)
    assert "n" not in p
    assert (len(p), list(p.keys())) == (2, ["a", "b"])
    assert len(list(p.values())) == 2
    merged = p | ParameterDict({"c": ac.ones(1)})
    assert list(merged) == ["a", "b", "c"]
    assert len(p) == 2
    p |= merged
    assert len(p) == 3
    assert merged["a"] is p["a"]
    assert list(p.fromkeys(["x", "y"], 1)) == ["x", "y"]
    assert list(p.copy()) == ["a", "b", "c"]
    del p["a"]
    p.clear()
    assert list(p.parameters()) == []


def test_parameter_dict_errors() -> None:
    p = ParameterDict()
    with pytest.raises(KeyError):
        _ = p["a"]
    with pytest.raises(TypeError, match="cannot be used as a key as it is not a string"):
        p[3] = ac.ones(1)  # type: ignore[index]  # on purpose
    with pytest.raises(KeyError, match="empty"):
        p.popitem()
    with pytest.raises(RuntimeError, match="ParameterDict should not be called"):
        p(1)
    with pytest.raises(KeyError, match="already exists"):
        p["forward"] = ac.ones(1)
    assert len(p) == 0
