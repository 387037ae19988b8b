"""How a figure writes numbers: the only place in which one becomes text, so that all of them follow the figure's language.

What is measured or computed has decimals and no marks between thousands; what is counted has such marks, for it has no decimals: so
"1,000" is a thousand in English and "1,000" is one in German, and no figure writes both kinds with the same mark.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Sequence
from typing import Any

_DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\w.])")
_EXPONENT = re.compile(r"e\+?(−?)0*(\d)")


class Numbers:
    """Numbers in a language: English `0.25` and `1,000`, German `0,25` and `1.000`."""

    def __init__(self, lang: str = "en") -> None:
        self.lang = lang
        self._point, self._thousands = (",", ".") if lang == "de" else (".", ",")

    @property
    def comma(self) -> str:
        """What stands between the numbers of a list: where the comma is decimal, a semicolon."""
        return "; " if self._point == "," else ", "

    def written(self, text: str) -> str:
        """What Python formatted, with the true minus sign and this language's decimal mark."""
        return text.replace("-", "−").replace(".", self._point)

    def count(self, n: float) -> str:
        """A whole number of things.

        >>> Numbers("en").count(61706), Numbers("de").count(61706)
        ('61,706', '61.706')
        """
        return f"{n:,.0f}".replace(",", self._thousands)

    def decimals(self, v: float, precision: int) -> str:
        """So many decimals, whatever the size.

        >>> Numbers("de").decimals(-0.5, 2)
        '−0,50'
        """
        return self.written(f"{v + 0.0:.{precision}f}") if math.isfinite(v) else _special(v)

    def trimmed(self, v: float, precision: int) -> str:
        """So many decimals at most.

        >>> Numbers("de").trimmed(0.5, 2), Numbers("en").trimmed(2.0, 2)
        ('0,5', '2')
        """
        text = f"{v + 0.0:.{precision}f}" if math.isfinite(v) else ""
        return self.written(text.rstrip("0").rstrip(".") if "." in text else text) if text else _special(v)

    def digits(self, v: float, most: int = 3) -> str:
        """So many significant digits at most.

        >>> Numbers("en").digits(-0.51234), Numbers("de").digits(0.51234), Numbers("en").digits(12.0), Numbers("en").digits(2.5e-7)
        ('−0.512', '0,512', '12', '2.5e−7')
        """
        if not math.isfinite(v):
            return _special(v)
        mantissa, e, exponent = f"{v + 0.0:.{most}g}".partition("e")
        return self.written(f"{mantissa}e{int(exponent)}" if e else mantissa)

    def percent(self, share: float, precision: int = 0) -> str:
        """A share of one.

        >>> Numbers("de").percent(0.9725, 1)
        '97,2 %'
        """
        return f"{self.decimals(100 * share, precision)} %"

    def value(self, v: float, precision: int = 2) -> str:
        """A value or a gradient on a wire: the decimals of the whole figure, scientific where those would hide it.

        >>> en = Numbers("en")
        >>> en.value(-0.1966), en.value(0.0), en.value(1234.5, 4), en.value(0.00012), en.value(2.5e7)
        ('−0.20', '0.00', '1234.5000', '1.2e−4', '2.50e7')
        >>> Numbers("de").value(1.0, 3)
        '1,000'
        """
        if not math.isfinite(v):
            return _special(v)
        size = abs(v)
        if size != 0 and size < 0.5 * 10.0**-precision:
            return self._scientific(v, max(1, precision - 1))
        return self._scientific(v, precision) if size >= 1e6 else self.decimals(v, precision)

    def figure(self, v: float, precision: int = 2) -> str:
        """A number that stands alone, such as a loss: two significant digits more than `precision`, and never fewer decimals.

        >>> en = Numbers("en")
        >>> en.figure(2.302585), en.figure(0.0022913), en.figure(0.0), en.figure(12345.678)
        ('2.303', '0.002291', '0', '12345.68')
        """
        if not math.isfinite(v) or (v and not 1e-4 <= abs(v) < 1e6):
            return self.value(v, precision)
        places = precision + 1 - math.floor(math.log10(abs(v))) if v else 0
        text = f"{v:.{max(precision, places)}f}"
        return self.written(text.rstrip("0").rstrip(".") if "." in text else text)

    def norm(self, v: float) -> str:
        """A norm beside a gradient lane: about three digits.

        >>> en = Numbers("en")
        >>> en.norm(5.2821), en.norm(0.1899), en.norm(48.26), en.norm(0.00213), en.norm(1234.5)
        ('5.282', '0.190', '48.3', '2.1e−3', '1234')
        """
        if not math.isfinite(v):
            return _special(v)
        if v == 0:
            return "0"
        if v < 0.01 or v >= 1e5:
            return self._scientific(v, 1)
        return self.decimals(v, 3 if v < 10 else 1 if v < 1000 else 0)

    def memory(self, count: int) -> str:
        """Bytes, in decimal units.

        >>> Numbers("en").memory(512), Numbers("en").memory(502_272), Numbers("de").memory(12_400_000)
        ('512 B', '502 kB', '12,4 MB')
        """
        for unit, size in (("GB", 1e9), ("MB", 1e6)):
            if count >= size:
                return f"{self.decimals(count / size, 1)} {unit}"
        return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} B"

    def formatted(self, v: float, spec: str) -> str:
        """As Python's format says: `.2f`, `.1%`, `,`, `.1e`, `+.1f`, ….

        >>> Numbers("en").formatted(0.9725, ".1%"), Numbers("de").formatted(1234567, ","), Numbers("de").formatted(-2.5e-7, ".1e")
        ('97.2 %', '1.234.567', '−2,5e−7')
        """
        if not math.isfinite(v):
            return _special(v)
        marks = str.maketrans({"-": "−", "%": " %", ".": self._point, ",": self._thousands})
        return _EXPONENT.sub(r"e\1\2", format(v + 0.0 if isinstance(v, float) else v, spec).translate(marks))

    def filled(self, text: str, values: Sequence[Any]) -> str:
        """A line of text with numbers in its braces, as Python's `str.format` fills them.

        >>> Numbers("de").filled("{:.1f} von {}", (0.25, "allem"))
        '0,2 von allem'
        """
        return _Filling(self).vformat(text, values, {})

    def integer_part(self, text: str) -> str:
        """What stands before the decimal mark of a number that was written here; of other text all of it.

        >>> Numbers("en").integer_part("−1,234.50"), Numbers("de").integer_part("97,2 %"), Numbers("en").integer_part("–")
        ('−1,234', '97', '–')
        """
        found = re.match(rf"[−+]?\d[\d{re.escape(self._thousands)}]*", text)
        return found[0] if found else text

    def point(self, numbers: Iterable[float], most: int = 3) -> str:
        """A place.

        >>> Numbers("en").point((0.5, -2.0)), Numbers("de").point((0.5, -2.0))
        ('(0.5, −2)', '(0,5; −2)')
        """
        return f"({self.comma.join(self.digits(float(v), most) for v in numbers)})"

    def label(self, text: str) -> str:
        """An operation's label, whose numbers are written in this language.

        >>> Numbers("de").label("leaky_relu 0.01"), Numbers("de").label("layer.0.conv")
        ('leaky_relu 0,01', 'layer.0.conv')
        """
        return text if self._point == "." else _DECIMAL.sub(rf"\1{self._point}\2", text)

    def _scientific(self, v: float, precision: int) -> str:
        mantissa, exponent = f"{v:.{precision}e}".split("e")
        return self.written(f"{mantissa}e{int(exponent)}")


class _Filling(string.Formatter):
    """`str.format`, with numbers in a language."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def format_field(self, value: Any, format_spec: str) -> str:
        value = value.item() if hasattr(value, "item") else value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self._numbers.formatted(value, format_spec) if is_number else format(value, format_spec)


def _special(v: float) -> str:
    return "NaN" if math.isnan(v) else "∞" if v > 0 else "−∞"
