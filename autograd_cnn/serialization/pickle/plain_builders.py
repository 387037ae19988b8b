"""Python's own containers and numbers, as pickles spell them."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any

from .builders import TABLE, Builder, Global, builds
from .messages import damaged, refused

if TYPE_CHECKING:
    from .loading_context import LoadingContext


@builds("collections.OrderedDict")
def _ordered(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    pairs = arguments[0] if arguments else ()
    if len(arguments) > 1 or type(pairs) not in (list, tuple):
        raise damaged("An OrderedDict is not made of a list of pairs")
    world.charge(200 + 100 * len(pairs))
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in pairs:
        world.check_key(key)
        made[key] = value
    return made


@builds("collections.Counter")
def _counter(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    if arguments and type(arguments[0]) is not dict:
        raise damaged("A Counter is not made of a dict")
    world.charge(200 + 100 * len(arguments[0] if arguments else ()))
    made: Counter[Any] = Counter()
    dict.update(made, *arguments)
    return made


FACTORIES: dict[str, Any] = {f"builtins.{kind.__name__}": kind for kind in (list, dict, int, float, str, bool, tuple)}
for _name in FACTORIES:
    TABLE[_name] = Global(_name)


@builds("collections.defaultdict")
def _defaultdict(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    world.charge(200)
    factory = arguments[0] if arguments else None
    if len(arguments) > 1 or not (factory is None or (isinstance(factory, Global) and factory.name in _DEFAULTS)):
        raise refused("a defaultdict that makes more than empty containers and zeros", "Save dict(it) instead.")
    return defaultdict(None if factory is None else _DEFAULTS[factory.name])


def _collection(kind: type) -> Builder:
    def build(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
        items = arguments[0] if arguments else []
        if len(arguments) > 1 or type(items) not in (list, tuple):
            raise damaged(f"A {kind.__name__} is not made of a list")
        world.charge(216 + 100 * len(items))
        for item in items:
            world.check_key(item)
        return kind(items)

    return build


TABLE["builtins.set"] = Global("builtins.set", _collection(set))
TABLE["builtins.frozenset"] = Global("builtins.frozenset", _collection(frozenset))
_DEFAULTS = {**FACTORIES, "builtins.set": set}


@builds("_codecs.encode")
def _encode(world: LoadingContext, arguments: tuple[Any, ...]) -> bytes:
    """How protocol 2 spells bytes: their numbers as a text's characters."""
    text, codec = arguments
    if type(text) is not str or type(codec) is not str or codec not in ("latin1", "latin-1"):
        raise damaged("Bytes are not spelt as latin1 text")
    world.carry(len(text))
    return text.encode("latin1")


@builds("builtins.bytearray")
def _bytearray(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    if arguments and type(arguments[0]) is bytes:
        world.carry(len(arguments[0]))
        return bytearray(arguments[0])
    return bytearray(_encode(world, arguments) if arguments else b"")


@builds("builtins.bytes")
def _bytes(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    return bytes(_bytearray(world, arguments))


@builds("builtins.complex")
def _complex(world: LoadingContext, arguments: tuple[Any, ...]) -> complex:
    if not 1 <= len(arguments) <= 2 or any(type(part) not in (int, float) for part in arguments):
        raise damaged("A complex number is not made of two numbers")
    return complex(*arguments)


def _of_integers(kind: type) -> Builder:
    def build(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
        if any(type(part) not in (int, type(None)) for part in arguments):
            raise damaged(f"A {kind.__name__} is not made of whole numbers")
        return kind(*arguments)

    return build


TABLE["builtins.range"] = Global("builtins.range", _of_integers(range))
TABLE["builtins.slice"] = Global("builtins.slice", _of_integers(slice))
