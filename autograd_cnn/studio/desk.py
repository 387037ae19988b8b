"""Who answers a page: one thread that computes, and for each page the newest picture and what it asked in the meantime.

A stroke is worth nothing once the next one is there: of pictures that wait only the newest is computed. What is asked by name (a unit, a
gradient) is answered in order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .looking import Array, Look
from .wire import as_bytes, pack, picture_of

WAITING = 64  # questions of a page that may wait


class Desk:
    """Computes for all pages. `examples(k)` gives a picture of class k, or of any for None."""

    def __init__(self, look: Look, examples: Callable[[int | None], Array] | None = None) -> None:
        self.look = look
        self._examples = examples
        self._thread = ThreadPoolExecutor(1, "studio")
        self._seen: Array | None = None  # the picture whose values the look holds

    def close(self) -> None:
        """Compute nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def answer(self, head: dict[str, Any], picture: Array) -> bytes:
        """The answer to one question about a picture, as a message; what goes wrong is said in it."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._answer, head, picture)
        except Exception as error:  # the network's own, too: the page shows it
            return pack({"kind": "error", "id": head.get("id"), "what": type(error).__name__, "text": str(error)})

    def _answer(self, head: dict[str, Any], picture: Array) -> bytes:
        does = _DOES.get(str(head.get("do")))
        if does is None:
            raise ValueError(f"expected one of {', '.join(_DOES)} to do, got {head.get('do')!r}.")
        return does(self, {"id": head.get("id")}, head, picture)

    def _look_at(self, picture: Array) -> list[Array]:
        maps = self.look.see(picture)
        self._seen = picture
        return maps

    def _see(self, reply: dict[str, Any], head: dict[str, Any], picture: Array) -> bytes:
        maps = self._look_at(picture)
        ends, blobs = as_bytes(maps)
        output = maps[-1].reshape(-1)
        return pack({**reply, "kind": "maps", "ends": ends, "output": _numbers(output)}, *blobs)

    def _gradients(self, reply: dict[str, Any], head: dict[str, Any], picture: Array) -> bytes:
        target = _whole(head, "target")
        ends, blobs = as_bytes(self.look.gradients(picture, target), diverging=True)
        return pack({**reply, "kind": "gradients", "target": target, "ends": ends}, *blobs)

    def _unit(self, reply: dict[str, Any], head: dict[str, Any], picture: Array) -> bytes:
        place = head.get("place")
        if not isinstance(place, list) or not all(isinstance(i, int) for i in place):
            raise ValueError(f"expected the place of a unit as three whole numbers, got {place!r:.60}.")
        if self._seen is not picture:  # another page asked in the meantime
            self._look_at(picture)
        return pack({**reply, "kind": "unit", **_finite(self.look.unit(_whole(head, "stage"), tuple(place)))})

    def _toward(self, reply: dict[str, Any], head: dict[str, Any], picture: Array) -> bytes:
        rate = head.get("rate", 0.05)
        if not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise ValueError(f"expected a rate in 0 … 1, got {rate!r:.60}.")
        moved = self.look.toward(picture, _whole(head, "target"), float(rate))
        return pack({**reply, "kind": "picture"}, moved.astype("<f4").tobytes())

    def _example(self, reply: dict[str, Any], head: dict[str, Any], picture: Array) -> bytes:
        if self._examples is None:
            raise ValueError("there are no examples for this network: draw, or choose a file.")
        found = self._examples(None if head.get("target") is None else _whole(head, "target"))
        return pack({**reply, "kind": "picture"}, found.astype("<f4").tobytes())


_DOES = {"see": Desk._see, "gradients": Desk._gradients, "unit": Desk._unit, "toward": Desk._toward, "example": Desk._example}


class Page:
    """One open page: what it asked and has no answer to yet."""

    def __init__(self, desk: Desk, send: Callable[[bytes], None]) -> None:
        self._desk = desk
        self._send = send
        self.picture: Array = np.zeros(desk.look.subject.size, np.float32)
        self._questions: deque[tuple[dict[str, Any], Array]] = deque()
        self._newest: tuple[dict[str, Any], Array] | None = None
        self._busy: asyncio.Task[None] | None = None

    def asked(self, head: dict[str, Any], data: bytes) -> None:
        """Take a question: it is answered as soon as those before it are."""
        if data:
            self.picture = picture_of(data, self._desk.look.subject.size)
        if head.get("do") == "see":
            self._newest = head, self.picture
        elif len(self._questions) < WAITING:
            self._questions.append((head, self.picture))
        else:
            raise ValueError(f"expected at most {WAITING} questions at a time; this one is not answered.")
        if self._busy is None or self._busy.done():
            self._busy = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._questions or self._newest is not None:
            if self._newest is not None:
                (head, picture), self._newest = self._newest, None
            else:
                head, picture = self._questions.popleft()
            self._send(await self._desk.answer(head, picture))

    def left(self) -> None:
        """Nobody waits for answers any more."""
        self._questions.clear()
        self._newest = None
        if self._busy is not None:
            self._busy.cancel()


def _whole(head: dict[str, Any], name: str) -> int:
    value = head.get(name)
    if type(value) is not int:
        raise ValueError(f"expected a whole number as {name}, got {value!r:.60}.")
    return value


def _numbers(x: Array) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in x]


def _finite(value: Any) -> Any:
    """The same with texts for numbers that JSON has not."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value
