"""All golden figures on one page, each in light and in dark, for the eye.

python -m tests.drawing.contact_sheet                      # contact_sheet.html in the current folder
python -m tests.drawing.contact_sheet -o sheet.html NAME…  # some of them
python -m tests.drawing.contact_sheet --png pictures       # each figure as two PNG files (needs CairoSVG)
python -m tests.drawing.contact_sheet --write              # and new outlines
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from autograd_cnn.drawing import Drawing
from autograd_cnn.drawing.canvas.svg import escape, write
from autograd_cnn.drawing.canvas.theme import colour

from .golden import OUTLINES, load, outline

THEMES = ("light", "dark")


def sheet(drawings: dict[str, Drawing]) -> str:
    """The page: a row for each figure."""
    rows = []
    for name, drawn in drawings.items():
        cells = [
            f'<td style="background:{colour("paper", theme)}">{write(drawn.scene, theme, f"{name}-{theme}-")}</td>' for theme in THEMES
        ]
        rows.append(f'<tr><th colspan="2">{escape(name)}</th></tr>\n<tr>{"".join(cells)}</tr>')
    style = "body{font:14px sans-serif}td{vertical-align:top}th{text-align:left;padding:24px 0 6px}svg{width:820px;height:auto}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title>'
        f"<style>{style}</style></head>\n<body><table>{''.join(rows)}</table></body></html>\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="contact_sheet", description="All golden figures on one page.")
    parser.add_argument("names", nargs="*", help="figures to show (default: all)")
    parser.add_argument("-o", "--output", default="contact_sheet.html")
    parser.add_argument("--png", metavar="FOLDER", help="write PNG files as well")
    parser.add_argument("--write", action="store_true", help="write the outlines that the tests compare with")
    given = parser.parse_args(arguments)
    figures = load()
    unknown = [n for n in given.names if n not in figures]
    if unknown:
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(figures)}")
    drawings = {name: figures[name]() for name in given.names or figures}
    Path(given.output).write_text(sheet(drawings), encoding="utf-8")
    if given.write:
        for name, drawn in drawings.items():
            (OUTLINES / f"{name}.txt").write_text(outline(drawn.scene), encoding="utf-8")
    if given.png:
        import cairosvg

        folder = Path(given.png)
        folder.mkdir(parents=True, exist_ok=True)
        for name, drawn in drawings.items():
            for theme in THEMES:
                source = write(drawn.scene, theme, for_cairo=True).encode()
                cairosvg.svg2png(bytestring=source, write_to=str(folder / f"{name}-{theme}.png"), scale=1.4)
    print(f"{len(drawings)} figures: {given.output}")


if __name__ == "__main__":
    main()
