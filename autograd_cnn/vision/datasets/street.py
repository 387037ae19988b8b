"""Streets with cars, people and signs, painted by a program: small scenes whose classes and boxes are known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...random import Generator
from ...tensors.tensor import wrap
from .base import Transform, VisionDataset

STUFF = ("sky", "building", "pavement", "road")
THINGS = ("car", "person", "sign")
SKINS = np.array([[0.95, 0.8, 0.69], [0.78, 0.57, 0.44], [0.45, 0.31, 0.23]])
PAINTS = np.array([[0.75, 0.12, 0.1], [0.12, 0.3, 0.7], [0.92, 0.92, 0.9], [0.15, 0.15, 0.17], [0.9, 0.7, 0.1], [0.15, 0.5, 0.3]])


class StreetScenes(VisionDataset):
    """Streets as seen from the pavement, the same for the same index.   `dataset[i]` is (picture, target).

    The picture is a float32 tensor (3, H, W) of 0 … 1. The target is a dict, its boxes and labels as torchvision's detectors take them:

        "classes"   (H, W) int64: for each pixel, what is seen there, an index into `StreetScenes.classes`
        "boxes"     (N, 4) float32: (x1, y1, x2, y2) of each car, person and sign, hidden parts included
        "labels"    (N,) int64: what each is, an index into `StreetScenes.classes`

    What is nearer is larger, stands lower, and hides what is behind it; of everything that has a box, at least half is seen.

    Args:
        size: how many. image_size: (H, W), 16 pixels or more each. random_offset: added to the index where the chance is seeded: other
            scenes.
        transform, target_transform: as for every data set.

    Raises:
        ValueError: pictures that are too small.

    >>> scenes = StreetScenes(100)
    >>> picture, target = scenes[0]
    >>> picture.shape, target["boxes"].shape, [scenes.classes[k] for k in target["labels"].tolist()]
    (torch.Size([3, 48, 64]), torch.Size([3, 4]), ['sign', 'car', 'person'])
    """

    classes = (*STUFF, *THINGS)

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int] = (48, 64),
        transform: Transform = None,
        target_transform: Transform = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        if min(image_size) < 16:
            raise ValueError(f"StreetScenes: expected pictures of 16 pixels and more, got {tuple(image_size)}")
        self.size, self.image_size, self.random_offset = size, image_size, random_offset

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < self.size:
            raise IndexError(f"StreetScenes index out of range: expected 0 … {self.size - 1}, got {index}")
        scene = _Scene(*self.image_size, index + self.random_offset)
        boxes = np.array([box for box, _ in scene.found], np.float32).reshape(-1, 4)
        labels = np.array([self.classes.index(name) for _, name in scene.found], np.int64)
        target = {"classes": wrap(scene.classes), "boxes": wrap(boxes), "labels": wrap(labels)}
        return self.changed(wrap(scene.pixels.transpose(2, 0, 1).astype(np.float32)), target)


class _Scene:
    """One picture: painted from the back to the front."""

    def __init__(self, height: int, width: int, seed: int) -> None:
        chance = Generator().manual_seed(seed)
        self.chances = iter(chance.uniform(256, np.float64).tolist())  # more than any scene needs, at once: one by one is slow
        self.height, self.width = height, width
        self.y, self.x = np.mgrid[0.5:height, 0.5:width]
        self.pixels, self.classes = np.zeros((height, width, 3)), np.zeros((height, width), np.int64)
        self.horizon = height * self.between(0.36, 0.46)
        self._background()
        self.found = self._things()
        light = self.between(0.8, 1.1)
        noise = chance.normal(self.pixels.shape, np.float64, 0.0, 0.03)
        self.pixels = np.clip(self.pixels * light + noise, 0, 1)

    def between(self, low: float, high: float) -> float:
        """A random number."""
        return low + (high - low) * float(next(self.chances))

    def choice(self, n: int) -> int:
        """A random index below n."""
        return int(n * next(self.chances))

    def _paint(self, where: Any, colour: Any, name: str | None = None) -> None:
        self.pixels[where] = colour
        if name is not None:
            self.classes[where] = StreetScenes.classes.index(name)

    def _background(self) -> None:
        depth = (self.y / self.horizon)[..., None]
        self._paint(np.s_[:], np.array([0.45, 0.65, 0.9]) + depth * np.array([0.35, 0.2, 0.05]), "sky")
        left = -self.between(0, 0.2) * self.width
        while left < self.width:
            wide, tall = self.between(0.14, 0.3) * self.width, self.between(0.4, 1.0) * self.horizon
            house = (self.x >= left) & (self.x < left + wide) & (self.y >= self.horizon - tall) & (self.y < self.horizon + 1)
            tone = self.between(0.35, 0.75) * np.array([1.0, self.between(0.75, 0.95), self.between(0.6, 0.9)])
            self._paint(house, tone, "building")
            step = self.height / 12
            window = house & ((self.x - left) % step > step / 2) & ((self.y - self.horizon) % step > step / 2)
            self._paint(window, tone * 0.55 + np.array([0.1, 0.1, 0.15]))
            left += wide + self.between(0, 0.12) * self.width
        ground = self.y >= self.horizon
        self._paint(ground, [0.68, 0.66, 0.62], "pavement")
        near = (self.y - self.horizon) / (self.height - self.horizon)  # 0 at the horizon, 1 at the bottom
        middle, spread = self.between(0.4, 0.6) * self.width, self.between(0.45, 0.65) * self.width
        off = np.abs(self.x - middle) / (0.12 * self.width + spread * near)
        road = ground & (off < 1)
        self._paint(road, [0.3, 0.3, 0.32], "road")
        self._paint(road & (off < 0.05) & (np.sqrt(np.maximum(near, 0)) * 6 % 1 < 0.5), [0.92, 0.92, 0.9])

    def _things(self) -> list[tuple[tuple[float, ...], str]]:
        """Up to five things, from the farthest to the nearest; which of them are seen well enough stay."""
        feet = sorted(self.horizon + self.between(0.18, 0.92) * (self.height - self.horizon) for _ in range(2 + self.choice(4)))
        placed: list[tuple[tuple[float, ...], str, Any, int]] = []
        for foot in feet:
            size = self.height * (0.12 + 0.42 * (foot - self.horizon) / (self.height - self.horizon))
            name = THINGS[self.choice(3)]
            tall, wide = {"car": (0.75, 1.7), "person": (1.0, 0.38), "sign": (1.15, 0.42)}[name]
            tall, wide = tall * size, wide * size
            left = self.between(-0.1 * wide, self.width - 0.9 * wide)
            box = (max(left, 0.0), foot - tall, min(left + wide, float(self.width)), min(foot, float(self.height)))
            shapes = getattr(self, f"_{name}")((self.x - left) / wide, (self.y - foot + tall) / tall)
            whole = np.any([where for where, _ in shapes], 0)
            if any((seen & ~whole).sum() < 0.5 * total for _, _, seen, total in placed):
                continue  # it would hide another one
            for where, colour in shapes:
                self._paint(where, colour, name)
            placed = [(b, n, seen & ~whole, total) for b, n, seen, total in placed] + [(box, name, whole, int(whole.sum()))]
        return [(box, name) for box, name, *_ in placed]

    def _car(self, u: Any, v: Any) -> list[tuple[Any, Any]]:
        """Shapes with their colours, in a field where u and v are 0 … 1."""
        paint = PAINTS[self.choice(len(PAINTS))]
        within = (u >= 0) & (u < 1)
        return [
            ((v >= 0) & (v < 0.45) & (np.abs(u - 0.5) < 0.22 + 0.22 * v), paint * 0.9),
            ((v >= 0.1) & (v < 0.4) & (np.abs(u - 0.5) < 0.15 + 0.22 * v), [0.7, 0.85, 0.95]),
            (within & (v >= 0.4) & (v < 0.85), paint),
            (((np.abs(u - 0.5) - 0.28) / 0.13) ** 2 + ((v - 0.82) / 0.18) ** 2 < 1, [0.06] * 3),
        ]

    def _person(self, u: Any, v: Any) -> list[tuple[Any, Any]]:
        coat, trousers = PAINTS[self.choice(len(PAINTS))], PAINTS[self.choice(len(PAINTS))] * 0.5
        return [
            ((np.abs(np.abs(u - 0.5) - 0.2) < 0.17) & (v >= 0.55) & (v < 1), trousers),
            ((np.abs(u - 0.5) < 0.5) & (v >= 0.22) & (v < 0.6), coat),
            (((u - 0.5) / 0.34) ** 2 + ((v - 0.12) / 0.13) ** 2 < 1, SKINS[self.choice(len(SKINS))]),
        ]

    def _sign(self, u: Any, v: Any) -> list[tuple[Any, Any]]:
        return [
            ((np.abs(u - 0.5) < 0.12) & (v >= 0.3) & (v < 1), [0.55, 0.56, 0.58]),
            (((u - 0.5) / 0.5) ** 2 + ((v - 0.2) / 0.2) ** 2 < 1, [0.85, 0.1, 0.1]),
            (((u - 0.5) / 0.28) ** 2 + ((v - 0.2) / 0.11) ** 2 < 1, [0.97, 0.97, 0.95]),
        ]
