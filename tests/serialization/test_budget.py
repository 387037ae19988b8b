"""What a file may take of memory: each step and each builder notes about what Python needs for it, never less than what there is of it."""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.serialization.pickle import loading_context, unpickler
from autograd_cnn.serialization.pickle.builders import TABLE
from autograd_cnn.serialization.pickle.loading_context import LoadingContext, Survey
from autograd_cnn.serialization.pickle.unpickler import Reader, Unpickler

from .crafting import P, number, program


def spent(code: bytes) -> int:
    machine = Unpickler(Reader(program(code)), Survey())
    machine.run()
    return machine._spent


def items(n: int) -> bytes:
    return P.MARK + b"".join(map(number, range(n)))


def pairs(n: int) -> bytes:
    return P.MARK + b"".join(number(i) + P.NONE for i in range(n))


STEPS: dict[str, tuple[Callable[[int], bytes], Callable[[int], int]]] = {
    "a list": (lambda n: P.EMPTY_LIST, lambda n: sys.getsizeof([])),
    "a set": (lambda n: P.EMPTY_SET + items(n) + P.ADDITEMS, lambda n: sys.getsizeof(set(range(n)))),
    "an empty set": (lambda n: P.EMPTY_SET, lambda n: sys.getsizeof(set())),
    "a frozenset": (lambda n: items(n) + P.FROZENSET, lambda n: sys.getsizeof(frozenset(range(n)))),
    "a dict": (lambda n: P.EMPTY_DICT + pairs(n) + P.SETITEMS, lambda n: sys.getsizeof(dict.fromkeys(range(n)))),
    "an empty dict": (lambda n: P.EMPTY_DICT, lambda n: sys.getsizeof({})),
    "a dict one by one": (
        lambda n: P.EMPTY_DICT + b"".join(number(i) + P.NONE + P.SETITEM for i in range(n)),
        lambda n: sys.getsizeof(dict.fromkeys(range(n))),
    ),
    "tuples of one": (lambda n: P.NONE + P.TUPLE1 * n, lambda n: n * sys.getsizeof((None,))),
    "tuples": (lambda n: P.MARK * n + P.TUPLE * n, lambda n: n * sys.getsizeof(())),
    "the memo": (
        lambda n: P.NONE + b"".join(P.LONG_BINPUT + i.to_bytes(4, "little") for i in range(n)),
        lambda n: 60 * n,
    ),
    "calls": (lambda n: P.GLOBAL + b"a\nb\n" + (P.EMPTY_TUPLE + P.REDUCE) * n, lambda n: 48 * n),
    "objects": (lambda n: P.GLOBAL + b"a\nb\n" + (P.EMPTY_TUPLE + P.NEWOBJ) * n, lambda n: 48 * n),
    "named objects": (lambda n: P.GLOBAL + b"a\nb\n" + (P.EMPTY_TUPLE + P.EMPTY_DICT + P.NEWOBJ_EX) * n, lambda n: 150 * n),
}


@pytest.mark.parametrize("n", [1, 10, 1000])
@pytest.mark.parametrize("step", STEPS)
def test_steps(step: str, n: int) -> None:
    code, true = STEPS[step]
    assert true(n) / 2 < spent(code(n)) < 6 * true(n) + 200


def test_a_slot_that_is_written_over_takes_nothing() -> None:
    assert spent(P.NONE + (P.BINPUT + b"\x01") * 50) == spent(P.NONE + P.BINPUT + b"\x01")


def test_one_by_one_or_all_at_once_takes_the_same() -> None:
    for n in (2, 10, 1000):
        together, apart = spent(STEPS["a dict"][0](n)), spent(STEPS["a dict one by one"][0](n))
        assert together - apart == spent(P.NONE + P.MARK + P.POP_MARK)


class World:
    """Notes what builders charge and carry."""

    def __init__(self) -> None:
        self.charged = self.carried = 0
        self.keys: list[Any] = []

    def charge(self, count: int) -> None:
        self.charged += count

    def carry(self, count: int) -> None:
        self.carried += count

    def check_key(self, key: Any) -> None:
        self.keys.append(key)


def filled(kind: Any, n: int) -> Any:
    made = kind()
    made.update(dict.fromkeys(range(n), 1))
    return made


BUILT: dict[str, tuple[Callable[[int], tuple[Any, ...]], Callable[[int], Any]]] = {
    "collections.OrderedDict": (lambda n: ([(i, 1) for i in range(n)],), lambda n: filled(OrderedDict, n)),
    "collections.Counter": (lambda n: (dict.fromkeys(range(n), 1),), lambda n: filled(Counter, n)),
    "collections.defaultdict": (lambda n: (), lambda n: defaultdict(None)),
    "builtins.set": (lambda n: (list(range(n)),), lambda n: set(range(n))),
    "builtins.frozenset": (lambda n: (list(range(n)),), lambda n: frozenset(range(n))),
    "torch.Size": (lambda n: ([1] * n,), lambda n: ac.Size([1] * n)),
}


@pytest.mark.parametrize("n", [0, 10, 1000])
@pytest.mark.parametrize("name", BUILT)
def test_builders(name: str, n: int) -> None:
    arguments, true = BUILT[name]
    world, expected = World(), true(n)
    made = TABLE[name].build(world, arguments(n))
    assert made == expected and type(made) is type(expected)
    assert sys.getsizeof(expected) / 3 < world.charged < 8 * sys.getsizeof(expected) + 200
    assert world.carried == 0
    assert world.keys == (list(range(n)) if name in ("collections.OrderedDict", "builtins.set", "builtins.frozenset") else [])


@pytest.mark.parametrize("name", ["collections.OrderedDict", "collections.Counter", "builtins.set", "builtins.frozenset"])
def test_nothing_takes_a_little(name: str) -> None:
    world = World()
    assert len(TABLE[name].build(world, ())) == 0
    assert 0 < world.charged < 1000


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_what_is_copied_is_carried(n: int) -> None:
    for name, arguments, expected in (
        ("_codecs.encode", ("\xff" * n, "latin1"), b"\xff" * n),
        ("builtins.bytearray", (b"a" * n,), bytearray(b"a" * n)),
        ("builtins.bytearray", ("a" * n, "latin-1"), bytearray(b"a" * n)),
        ("builtins.bytes", (b"a" * n,), b"a" * n),
    ):
        world = World()
        assert TABLE[name].build(world, arguments) == expected
        assert world.carried == n


def test_where_the_budget_ends() -> None:
    """So much for any file, and so much for each byte of it: what is beyond is refused, what is just within is not."""
    machine = Unpickler(Reader(b"x" * 10), Survey())
    machine._reader.take(7)
    limit = unpickler._FREE + 7 * unpickler._PER_BYTE
    machine.charge(limit - 1)
    machine.charge(1)
    with pytest.raises(P.UnpicklingError, match=r"7 bytes of it ask for more than 8 MiB of memory"):
        machine.charge(1)

    world = LoadingContext(lambda pid: None, lambda storage, location: None)  # type: ignore[arg-type,return-value]
    world._reader = machine._reader
    world.carry(loading_context._FREE_BYTES + 7 * loading_context._CARRIED_PER_BYTE)
    with pytest.raises(P.UnpicklingError, match=r"7 bytes of it ask for 65649 bytes of data"):
        world.carry(1)


@pytest.mark.parametrize(("parts", "right"), [(0, True), (999, True), (1000, False), (5000, False)])
def test_how_many_parts_a_key_may_have(parts: int, right: bool) -> None:
    """The tuple itself is one of them."""
    key = tuple(range(parts))
    code = P.EMPTY_DICT + P.dumps(key, 2)[2:-1] + P.NONE + P.SETITEM
    machine = Unpickler(Reader(program(code)), Survey())
    if right:
        assert machine.run() == {key: None}
    else:
        with pytest.raises(P.UnpicklingError, match="a key of more than 1000 parts"):
            machine.run()
