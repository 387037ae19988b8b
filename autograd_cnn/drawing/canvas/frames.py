"""`Frames`: a figure in steps, to leaf through or to save as a film."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from ...errors import nearest
from . import animation
from .drawing import Drawing, check_folder, convert, suffix_of, write_file
from .scene import Scene
from .theme import check_theme, colour

SECONDS = 1.2
MOST_COLOURS = 127  # of a GIF, beside the paper's


class Frames(Sequence[Drawing]):
    """The frames of a figure: `frames[0]` is a `Drawing`, `len(frames)` their number, `frames[2:5]` some of them.

    Attributes:
        captions: what each frame shows, in words.
        svg: one SVG with all frames, stepped by the links in it.
    """

    def __init__(self, scenes: Sequence[Scene], captions: Sequence[str], theme: str = "auto", prefix: str = "") -> None:
        if not scenes or len(scenes) != len(captions):
            raise ValueError(f"Frames: expected at least one frame and a caption for each, got {len(scenes)} and {len(captions)}.")
        self.scenes, self.captions = list(scenes), list(captions)
        self.theme, self.prefix = check_theme(theme), prefix
        self._of_page = self.scenes  # for a page, whose camera stays on what is at work

    def with_page(self, scenes: Sequence[Scene]) -> Frames:
        """The same frames, whose page is made of other scenes."""
        self._of_page = list(scenes)
        return self

    def __len__(self) -> int:
        return len(self.scenes)

    @overload
    def __getitem__(self, at: int) -> Drawing: ...
    @overload
    def __getitem__(self, at: slice) -> Frames: ...
    def __getitem__(self, at: int | slice) -> Drawing | Frames:
        if isinstance(at, slice):
            return Frames(self.scenes[at], self.captions[at], self.theme, self.prefix).with_page(self._of_page[at])
        if not -len(self) <= at < len(self):
            raise IndexError(f"Frames: expected an index from {-len(self)} to {len(self) - 1}, got {at}.")
        return Drawing(self.scenes[at], self.theme, self.prefix)

    def __iter__(self) -> Iterator[Drawing]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        first = self.scenes[0]
        return f"<{len(self)} frames of {first.title!r}, {first.width:.0f}×{first.height:.0f}>"

    @property
    def svg(self) -> str:
        """One SVG with all frames. Links in it lead from frame to frame; it holds no script."""
        return animation.stepped(self.scenes, self.captions, self.theme, self.prefix)

    def animated(self, seconds: float = SECONDS) -> str:
        """One SVG that plays by itself, each frame for so many seconds."""
        return animation.animated(self.scenes, self.captions, self.theme, self.prefix, _positive(seconds))

    def html(self, seconds: float = SECONDS) -> str:
        """A page with previous, next, play, keys and a slider; it works from the disk."""
        return animation.page(self._of_page, self.captions, self.theme, _positive(seconds))

    def gif(self, seconds: float = SECONDS) -> bytes:
        """An animated GIF, through CairoSVG and Pillow."""
        _positive(seconds)
        try:
            from PIL import Image

            shots = [convert(drawing, "png", scale=1.5) for drawing in self]
        except ImportError as error:
            raise ModuleNotFoundError(
                f"Frames.save: writing .gif needs the packages Pillow and CairoSVG ({error}). Install them with: "
                "pip install pillow cairosvg. Or save as .svg (animated=True) or .html, which need nothing."
            ) from error
        paper = colour("paper", "light" if self.theme == "auto" else self.theme)
        flat = _with_few_colours(Image, [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots], paper)
        times = [round(seconds * 1000)] * (len(flat) - 1) + [round(seconds * 1000 * animation.HOLD)]
        out = io.BytesIO()
        flat[0].save(out, "GIF", save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=False)
        return out.getvalue()

    def _own_prefix(self) -> str:
        """Ids of its own for a page with several figures."""
        return self.prefix or f"d{hashlib.sha1(self.svg.encode()).hexdigest()[:8]}-"

    def _repr_svg_(self) -> str:
        return animation.stepped(self.scenes, self.captions, self.theme, self._own_prefix())

    def _repr_html_(self) -> str:
        return animation.radio_page(self.scenes, self.captions, self.theme, self._own_prefix())

    # ------------------------------------------------------------------------------------------------- files
    def save(self, path: str | os.PathLike[str], *, animated: bool = False, seconds: float = SECONDS, suffix: str = ".svg") -> str:
        """Write the frames; the path says how.

        A path that ends in a slash, or an existing folder: numbered files in it (`frame-01.svg`, …; `suffix` may be any
        that `Drawing.save` knows). `.svg`: one file stepped by links, or with `animated=True` one that plays by itself.
        `.gif`: an animation, for which Pillow and CairoSVG are needed. `.html`: a page with controls. Existing files are
        replaced only by complete ones.

        Returns:
            The path that was written.

        Raises:
            ValueError: another suffix; a time that is not positive.
            FileNotFoundError, PermissionError: the path cannot be written.
            ModuleNotFoundError: GIF without Pillow or CairoSVG.

        Example:
            >>> import os, tempfile
            >>> from autograd_cnn import Scalar, draw
            >>> frames = draw.steps(Scalar(2.0, "x") * 3.0)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = frames.save(folder)
            ...     sorted(os.listdir(folder))
            ['frame-1.svg', 'frame-2.svg', 'frame-3.svg', 'frame-4.svg']
        """
        target = os.fspath(path)
        if target.endswith(("/", os.sep)) or os.path.isdir(target):
            return self._save_numbered(target, suffix)
        ending = os.path.splitext(target)[1].lower()
        formats: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: (self.animated(seconds) if animated else self.svg).encode(),
            ".gif": lambda: self.gif(seconds),
            ".html": lambda: self.html(seconds).encode(),
        }
        if ending not in formats:
            got = repr(ending) if ending else "a path without a suffix"
            raise ValueError(
                f"Frames.save: expected a folder (a path that ends in '/') or a path ending in {', '.join(formats)}, got {got}."
                f"{nearest(ending, formats)} A single frame saves itself: frames[0].save(...)."
            )
        write_file("Frames.save", target, formats[ending]())
        return target

    def _save_numbered(self, folder: str, suffix: str) -> str:
        check_folder("Frames.save", os.path.dirname(folder.rstrip("/" + os.sep)) or ".")
        suffix_of(f"frame{suffix}")
        os.makedirs(folder, exist_ok=True)
        digits = len(str(len(self)))
        for k, drawing in enumerate(self):
            drawing.save(os.path.join(folder, f"frame-{k + 1:0{digits}d}{suffix}"))
        return folder


def _positive(seconds: float) -> float:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds < 3600:
        raise ValueError(f"Frames: expected seconds to be a number above 0 (and below 3600), got {seconds!r}.")
    return float(seconds)


def _with_few_colours(image: Any, pictures: Sequence[Any], paper: str) -> list[Any]:
    """The pictures with one palette, so that nothing flickers: the colours of some of them, the last included, and the paper's own
    (which averaging would tint)."""
    some = [*pictures[:: max(1, len(pictures) // 4)], pictures[-1]]
    width, height = some[0].size
    sheet = image.new("RGB", (width, height * len(some)))
    for k, p in enumerate(some):
        sheet.paste(p, (0, k * height))
    palette = sheet.quantize(MOST_COLOURS)
    colours = (palette.getpalette() + [0] * (3 * MOST_COLOURS))[: 3 * MOST_COLOURS]
    own = [int(paper[i : i + 2], 16) for i in (1, 3, 5)]
    made = []
    for p in pictures:
        indices = np.array(p.quantize(palette=palette, dither=image.Dither.NONE))
        indices[(np.array(p) == own).all(axis=-1)] = MOST_COLOURS
        flat = image.fromarray(indices)
        flat.putpalette([*colours, *own])
        made.append(flat)
    return made
