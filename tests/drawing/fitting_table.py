"""How large figures are, and how small their text becomes on a screen.

python -m tests.drawing.fitting_table [NAME …]      # pixels, and the smallest text on a screen of 1280×720
"""

from __future__ import annotations

import sys
import time
from typing import Any

from autograd_cnn import draw
from autograd_cnn.drawing.canvas.scene import Scene, Text

from .fitting_models import MODELS, VOLUMES

SCREEN = (1280.0, 720.0)


def smallest(scene: Scene) -> float:
    """The size of the smallest line of text (a sub- or superscript counts with its line)."""
    return min(t.size for _, t in scene.walk() if isinstance(t, Text) and t.string.strip())


def on_screen(scene: Scene, screen: tuple[float, float] = SCREEN) -> float:
    """The size of the smallest text when the picture is scaled to a screen."""
    return smallest(scene) * min(1.0, screen[0] / scene.width, screen[1] / scene.height)


def drawn(name: str, **options: Any) -> Any:
    if name in VOLUMES:
        return draw.volumes(*VOLUMES[name](), **options)
    *args, own = MODELS[name]()
    return draw(*args, **{**own, **options})


def _main(names: list[str]) -> None:
    print(f"{'':24}{'pixels':>14}{'smallest':>10}{'seconds':>9}")
    for name in names or [*MODELS, *VOLUMES]:
        began = time.perf_counter()
        try:
            scene = drawn(name).scene
        except Exception as error:
            print(f"{name:24}{type(error).__name__}: {str(error)[:100]}")
            continue
        size = f"{scene.width:.0f}×{scene.height:.0f}"
        print(f"{name:24}{size:>14}{on_screen(scene):>10.1f}{time.perf_counter() - began:>9.2f}", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
