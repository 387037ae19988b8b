"""The inks. Each role has one colour on light paper, one on dark, and where it matters another for print.

Colour never stands alone in a figure: position, weight, shape or dash pattern says the same again, because gradient and
parameter fall together for a red-blind eye. Every ink reaches a contrast of 4.5 : 1 on the papers it is written on
(`ON`).
"""

from __future__ import annotations

from zlib import crc32

from ...errors import nearest

THEMES = ("auto", "light", "dark", "print")

ROLES: dict[str, tuple[str, str]] = {
    # ink: what is written or drawn thin; (light, dark)
    "ink": ("#1f2933", "#e6ebf0"),
    "muted": ("#56616f", "#9aa7b5"),
    "faint": ("#626c7a", "#8e9aa8"),
    "inverse": ("#ffffff", "#11161c"),
    "forward": ("#12639e", "#6cb6ee"),
    "gradient": ("#b4410b", "#ff9c66"),
    "kept": ("#7b3a78", "#d79ad3"),
    "parameter": ("#7a5a00", "#e4bd58"),
    # paper: what is filled
    "paper": ("#ffffff", "#11161c"),
    "card": ("#ffffff", "#1a2129"),
    "panel": ("#f6f8fa", "#161c23"),
    "panel2": ("#eef1f5", "#1b222a"),
    "input-paper": ("#e8f1f8", "#16314a"),
    "parameter-paper": ("#fbf3de", "#372d12"),
    "gradient-paper": ("#fbe9df", "#3d2113"),
    "forward-paper": ("#dcebf6", "#16314a"),
    "plum-paper": ("#f4e9f3", "#2f2033"),
    "window-paper": ("#e2f3ec", "#12332a"),
    "badge": ("#3e4c59", "#b3bfca"),
    # volume: front, top, side of a layer by its kind, and its edges
    "conv-front": ("#e6f0f8", "#1d3d59"),
    "conv-top": ("#d3e4f2", "#18324a"),
    "conv-side": ("#bcd5ea", "#12283c"),
    "conv-line": ("#4f86b3", "#5d9bd0"),
    "pool-front": ("#e4f2ed", "#173f35"),
    "pool-top": ("#cfe8df", "#12332b"),
    "pool-side": ("#b6dacd", "#0d2822"),
    "pool-line": ("#4d9480", "#4fb296"),
    "dense-front": ("#f8eed6", "#4a3b14"),
    "dense-top": ("#f2e1b6", "#3b2f10"),
    "dense-side": ("#e8d193", "#2e250c"),
    "dense-line": ("#b58f2a", "#c9a544"),
    "block-front": ("#efe9f3", "#34293f"),
    "block-top": ("#e2d8ea", "#2a2134"),
    "block-side": ("#d3c4df", "#211a29"),
    "block-line": ("#7d6a92", "#a592bb"),
    "other-front": ("#f4f6f8", "#252d36"),
    "other-top": ("#e6eaee", "#1e252d"),
    "other-side": ("#d5dbe1", "#171d24"),
    "other-line": ("#8b97a3", "#76828f"),
    # line: borders, wires, arrows
    "hair": ("#c9d1d9", "#3a4550"),
    "wire": ("#7b8794", "#7f8b98"),
    "dark": ("#3e4c59", "#b3bfca"),
    "parameter-line": ("#c9a43a", "#b08f36"),
    "input-line": ("#8fb4d3", "#4a7ba3"),
    # families of operations: a strip at a card's edge
    "norm-line": ("#6a6fb3", "#9aa2ea"),
    "activation-line": ("#1c8489", "#52c0c5"),
    "loss-line": ("#a04a62", "#e18aa2"),
    "chance-line": ("#76802a", "#bcc65c"),
    # series of a chart, each with its own marker and dash pattern
    "series-1": ("#0b7a5e", "#3fc79e"),
    "series-2": ("#8a4a86", "#d79ad3"),
    "series-3": ("#8a5f00", "#e0b64a"),
    "series-4": ("#4f5b69", "#9aa7b5"),
    "series-5": ("#a04a62", "#e18aa2"),
    "series-6": ("#4d55a5", "#a9b0f2"),
    # heights of a surface seen from the side, from low to high
    "relief-0": ("#f3f7fa", "#14202b"),
    "relief-1": ("#e6eef5", "#172838"),
    "relief-2": ("#d8e5ef", "#1b3144"),
    "relief-3": ("#cadbe9", "#1f3a51"),
    "relief-4": ("#bbd1e3", "#24445f"),
    "relief-5": ("#acc7dd", "#294f6e"),
    "relief-6": ("#9dbdd7", "#2f5b7e"),
    "relief-7": ("#8db2d0", "#36678f"),
}

# On paper the tinted grounds only cost toner; the hairlines must be darker to survive the printer.
PRINT = {
    "panel": "#ffffff",
    "panel2": "#ffffff",
    "hair": "#8e99a5",
    "wire": "#5b6774",
    "input-line": "#4f7ea5",
    "parameter-line": "#94741c",
}

# Which inks are written on which papers: the table that the contrast test reads.
ON = {
    "paper": (
        "ink",
        "muted",
        "faint",
        "forward",
        "gradient",
        "kept",
        "parameter",
        "series-1",
        "series-2",
        "series-3",
        "series-4",
        "series-5",
        "series-6",
    ),
    "card": ("ink", "muted", "faint", "forward", "gradient", "kept", "parameter"),
    "panel": ("ink", "muted", "faint", "forward", "gradient", "kept", "parameter"),
    "panel2": ("ink", "muted", "faint", "forward", "gradient", "kept", "parameter"),
    "input-paper": ("ink", "muted", "forward", "gradient", "series-1", "series-3", "series-6"),
    "parameter-paper": ("ink", "muted", "forward", "parameter", "gradient", "series-1", "series-3", "series-6"),
    "gradient-paper": ("ink", "muted", "forward", "gradient"),
    "forward-paper": ("ink", "forward"),
    "plum-paper": ("ink", "muted", "forward", "gradient"),
    "window-paper": ("ink", "muted", "forward", "gradient", "series-1"),
    "series-1": ("inverse",),
    "badge": ("inverse",),
}


# The strip of an operation's family. What only moves, combines or compares numbers is slate, as structure is.
FAMILIES = {
    "conv": "conv-line",
    "pool": "pool-line",
    "linalg": "dense-line",
    "norm": "norm-line",
    "activation": "activation-line",
    "loss": "loss-line",
    "dropout": "chance-line",
    "random": "chance-line",
    **dict.fromkeys(("arithmetic", "compare", "reduce", "index", "shape", ""), "hair"),
}
_OTHERS = ("norm-line", "activation-line", "chance-line", "pool-line")


def family_role(family: str) -> str:
    """The ink of a family of operations; a family nobody knows yet gets one by its name, the same in every run.

    >>> family_role("conv"), family_role("my own") == family_role("my own")
    ('conv-line', True)
    """
    return FAMILIES.get(family) or _OTHERS[crc32(family.encode()) % len(_OTHERS)]


def check_theme(name: str) -> str:
    """The name of a theme, or an error that lists them."""
    if name not in THEMES:
        raise ValueError(f"draw: expected theme to be one of {', '.join(THEMES)}, got {name!r}.{nearest(str(name), THEMES)}")
    return name


def colour(role: str, theme: str = "light") -> str:
    """The colour of a role under a theme; "auto" gives the light one (the dark one stands in the style sheet).

    >>> colour("forward"), colour("forward", "dark")
    ('#12639e', '#6cb6ee')
    """
    light, dark = ROLES[role]
    if theme == "dark":
        return dark
    return PRINT.get(role, light) if theme == "print" else light


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, 1 to 21.   [WCAG 2.2, "contrast ratio"]

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    bright, dim = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mix(a: str, b: str, t: float) -> str:
    """The colour between `a` (t = 0) and `b` (t = 1), mixed in sRGB.

    >>> mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * t):02x}" for x, y in pairs)


def _ramp(*stops: tuple[float, str]) -> tuple[str, ...]:
    """256 colours through the stops."""
    colours = []
    for i in range(256):
        t = i / 255
        low = max((s for s in stops if s[0] <= t), key=lambda s: s[0])
        high = min((s for s in stops if s[0] >= t), key=lambda s: s[0])
        width = high[0] - low[0]
        colours.append(mix(low[1], high[1], (t - low[0]) / width if width else 0.0))
    return tuple(colours)


# Values of both signs: vermilion below zero, white at zero, blue above. The ends are equally dark, so the sign is read
# from the hue and the size from the lightness.
DIVERGING = _ramp((0.0, "#8f2f04"), (0.25, "#d9824f"), (0.5, "#ffffff"), (0.75, "#5c9ccb"), (1.0, "#0b4a7c"))
# Sizes: lightness falls evenly (L* 98 to 15), the hue stays blue.
SEQUENTIAL = _ramp((0.0, "#f7fafc"), (0.25, "#c3d5e4"), (0.5, "#84a9c8"), (0.75, "#3f76a3"), (1.0, "#0c2d4a"))
# An input picture: ink on paper.
GREY = _ramp((0.0, "#ffffff"), (1.0, "#16191d"))
# Classes on a map, where only areas are coloured: neighbours in the list differ in lightness too, and a number tells them apart.
CLASSES = (
    "#8ecae6",
    "#8d5a2b",
    "#c9c2b4",
    "#4a4e57",
    "#c23b4e",
    "#f2c14e",
    "#5b3f8c",
    "#3f8f5f",
    "#efa6c8",
    "#1d5fa8",
    "#b5cf5a",
    "#7a1f3d",
)
