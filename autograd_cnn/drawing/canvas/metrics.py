"""How wide text is, without a font at hand: text inside a drawing must be measured before anything is laid out.

Advance widths in thousandths of an em, of the faces that every system has under one name or another: Helvetica, Arial,
Liberation Sans and Nimbus Sans share one set of widths, Times, Times New Roman and Liberation Serif the other. The
italic of the sans faces is as wide as the upright.

Source: the `hmtx` tables of Liberation Sans and Liberation Serif 2.1 (metric-compatible with Arial and Times New
Roman).
"""

from __future__ import annotations

import unicodedata

_CHARACTERS = (
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    "¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿΑ"
    "ΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψω–—‘’“”„†•…′″‹›€∂∆∏∑−√∞∫≈≠≤≥←↑→↓↔"
)
_WIDTHS = {
    "sans": (
        "278*2 355 556*2 889 667 191 333*2 389 584 278 333 278*2 556*10 278*2 584*3 556 1015 667*2 722*2 667 611 "
        "778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667*2 611 278*3 469 556 333 556*2 500 "
        "556*2 278 556*2 222*2 500 222 833 556*4 333 500 278 556 500 722 500*3 334 260 334 584 333 556*4 260 556 "
        "333 737 370 556 584 737 552 400 549 333*3 576 537 278 333*2 365 556 834*3 611 667*6 1000 722 667*4 278*4 "
        "722*2 778*5 584 778 722*4 667*2 611 556*6 889 500 556*4 278*4 556*7 549 611 556*4 500 556 500 667*2 551 "
        "668 667 611 722 778 278 667 668 833 722 650 778 722 667 618 611 667 798 667 835 748 278 667 578 446 556 "
        "222 547 578 575 500 557 446 441 556*2 222 500*2 576 500 448 556 690 569 482 617 395 547 648 525 713 781 "
        "556 1000 222*2 333*3 556 350 1000 188 354 333*2 556 494 612 823 713 584 549 713 274 549*4 1000 500 1000 "
        "500 1000"
    ),
    "bold": (
        "278 333 474 556*2 889 722 238 333*2 389 584 278 333 278*2 556*10 333*2 584*3 611 975 722*4 667 611 778 "
        "722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667*2 611 333 278 333 584 556 333 556 611 "
        "556 611 556 333 611*2 278*2 556 278 889 611*4 389 556 333 611 556 778 556*2 500 389 280 389 584 333 556*4 "
        "280 556 333 737 370 556 584 737 552 400 549 333*3 576 556 278 333*2 365 556 834*3 611 722*6 1000 722 "
        "667*4 278*4 722*2 778*5 584 778 722*4 667*2 611 556*6 889 556*5 278*4 611*7 549 611*5 556 611 556 722*2 "
        "601 719 667 611 722 778 278 722 667 833 722 644 778 722 667 600 611 667 821 667 809 802 278 667 615 451 "
        "611 278 582 615 610 556 606 475 460 611 541 278 558 556 612 556 445 611 766 619 520 684 446 582 715 576 "
        "753 845 556 1000 278*2 500*3 556 350 1000 240 479 333*2 556 494 612 823 713 584 549 713 274 549*4 1000 "
        "500 1000 500 1000"
    ),
    "serif": (
        "250 333 408 500*2 833 778 180 333*2 500 564 250 333 250 278 500*10 278*2 564*3 444 921 722 667*2 722 611 "
        "556 722*2 333 389 722 611 889 722*2 556 722 667 556 611 722*2 944 722*2 611 333 278 333 469 500 333 444 "
        "500 444 500 444 333 500*2 278*2 500 278 778 500*4 333 389 278 500*2 722 500*2 444 480 200 480 541 333 "
        "500*4 200 500 333 760 276 500 564 760 500 400 549 300*2 333 576 453 250 333 300 310 500 750*3 444 722*6 "
        "889 667 611*4 333*4 722*7 564 722*6 556 500 444*6 667 444*5 278*4 500*7 549 500*8 722 667 578 643 611*2 "
        "722*2 333 722 725 889 722 643 722*2 556 582 611 722 731 722 738 743 333 722 524 420 523 269 495 524 509 "
        "442 471 420 414 523 479 269 504 485 536 452 446 500 505 499 396 539 402 495 577 444 626 658 500 1000 "
        "333*2 444*3 500 350 1000 219 417 333*2 500 494 612 823 713 564 549 713 274 549*4 1000 500 1000 500 1000"
    ),
    "italic": (
        "250 333 420 500*2 833 778 214 333*2 500 675 250 333 250 278 500*10 333*2 675*3 500 920 611*2 667 722 "
        "611*2 722*2 333 444 667 556 833 667 722 611 722 611 500 556 722 611 833 611 556*2 389 278 389 422 500 333 "
        "500*2 444 500 444 278 500*2 278*2 444 278 722 500*4 389*2 278 500 444 667 444*2 389 400 275 400 541 389 "
        "500*4 275 500 333 760 276 500 675 760 500 400 549 300*2 333 576 523 250 333 300 310 500 750*3 500 611*6 "
        "889 667 611*4 333*4 722 667 722*5 675 722*5 556 611 500*7 667 444*5 278*4 500*7 549 500*5 444 500 444 "
        "611*2 569 587 611 556 722*2 333 667 604 833 667 639 722*2 611 594 556*2 761 611 703 723 333 556 525 394 "
        "496 278 459 525 498 394 465 394 405 496 491 278 480 433 502 444 428 500 501 480 406 493 358 459 553 440 "
        "621 706 500 889 333*2 556*3 500 350 889 219 417 333*2 500 494 612 823 713 675 549 713 274 549*4 1000 500 "
        "1000 500 1000"
    ),
}


def _unpack(packed: str) -> list[int]:
    """`"278*2 355"` -> [278, 278, 355]"""
    widths: list[int] = []
    for item in packed.split():
        width, _, times = item.partition("*")
        widths += [int(width)] * int(times or 1)
    return widths


_TABLE = {face: dict(zip(_CHARACTERS, _unpack(packed), strict=True)) for face, packed in _WIDTHS.items()}

ASCENT = 0.74  # of a capital letter or a bracket, in em
DESCENT = 0.22


def text_width(text: str, size: float, face: str = "sans") -> float:
    """The width of `text` in pixels, in one of the faces "sans", "bold", "serif", "italic" (a serif italic) and "mono".

    >>> round(text_width("matmul", 13, "bold"), 2)
    46.23
    """
    if face == "mono":
        return sum(0.6 if _one_column(c) else 1.2 for c in text) * size
    table = _TABLE[face]
    return sum(table.get(c) or _estimate(c) for c in text) * size / 1000


def known(character: str) -> bool:
    """Is the width of this character exact, or an estimate?"""
    return character in _TABLE["sans"]


def _one_column(c: str) -> bool:
    return unicodedata.east_asian_width(c) not in "WF"


def _estimate(c: str) -> int:
    """Characters of other scripts come from some fallback font: assume it is a wide one, so that boxes come out too
    large rather than too small."""
    if unicodedata.combining(c):
        return 0
    if ord(c) >= 0x1F000:
        return 1300
    return 780 if _one_column(c) else 1030


def shorten(text: str, room: float, size: float, face: str = "sans") -> str:
    """`text` if it fits into `room` pixels, else as much of it as fits, with an ellipsis.

    >>> shorten("a long label", 50, 12)
    'a long…'
    """
    if text_width(text, size, face) <= room:
        return text
    kept = text
    while kept and text_width(kept.rstrip() + "…", size, face) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def shorten_middle(text: str, room: float, size: float, face: str = "sans") -> str:
    """The same with the ellipsis in the middle: long names differ at their ends as often as at their beginnings.

    >>> shorten_middle("the_projection_to_the_labels", 110, 12)
    'the_proje…e_labels'
    """
    if text_width(text, size, face) <= room:
        return text
    for kept in range(len(text) - 1, 0, -1):
        front = (kept + 1) // 2
        short = text[:front].rstrip() + "…" + (text[front - kept :].lstrip() if kept > front else "")
        if text_width(short, size, face) <= room:
            return short
    return "…"
