"""`run --graph`: a picture of the graph that the first backward pass starts from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..tensors import gradients


class FirstGraph:
    """While it is entered, the first `backward` draws its graph before it walks it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.drawn = False

    def __enter__(self) -> FirstGraph:
        self._real = gradients.backward
        self._put(self._watched)
        return self

    def __exit__(self, *_: Any) -> None:
        self._put(self._real)
        if not self.drawn:
            print("autograd-cnn run: --graph: the program called no backward(), there is nothing to draw.", file=sys.stderr)

    def _put(self, backward: Callable[..., None]) -> None:
        gradients.backward = backward

    def _watched(self, kind: Any, tensors: Any, *args: Any, **kwargs: Any) -> None:
        self._put(self._real)
        self.drawn = True
        self._draw(tensors)
        self._real(kind, tensors, *args, **kwargs)

    def _draw(self, root: Any) -> None:
        """A picture that fails must not end the program."""
        try:
            from ..drawing import draw

            self.path.parent.mkdir(parents=True, exist_ok=True)
            draw(root).save(str(self.path))
        except (ValueError, TypeError, RuntimeError, OSError, ImportError) as error:
            print(f"autograd-cnn run: --graph: {error}", file=sys.stderr)
        else:
            print(f"autograd-cnn run: the graph of the first backward pass is in {self.path}", file=sys.stderr)
