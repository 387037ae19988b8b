"""Straight main paths: units that follow one another without a branch stand under one another, where there is room.

A layout engine weighs straightness against the length of every other edge, and leaves kinks of a few pixels that look like
mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..canvas.geometry import Bands, overlap
from ..canvas.scene import Box
from ..layout.request import Via
from ..view.view import View
from .cards import Card

MOST_UNITS = 600  # beyond that the picture is not looked at so closely, and checking every move takes long


def straighten_chains(view: View, cards: Mapping[str, Card], vias: Sequence[list[Via]], frames: Callable[[], dict[str, Box]]) -> None:
    """Give every chain one x, its weighted median, if then nothing stands in the way of anything."""
    if len(view.units) > MOST_UNITS:
        return
    ground = _Ground(view, cards, vias)
    for chain in sorted(_chains(view), key=len, reverse=True):
        members = [cards[id] for id in chain]
        before = [c.x for c in members]
        if max(before) - min(before) < 0.5:
            continue
        for x in dict.fromkeys((sorted(before)[len(before) // 2], before[0], before[-1])):
            for c in members:
                c.x = x
            if ground.is_sound(members, frames()):
                break
        else:
            for c, x in zip(members, before, strict=True):
                c.x = x


def _chains(view: View) -> list[list[str]]:
    """The longest runs of units of which each has one successor and that has no other predecessor."""
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for e in view.edges:
        after.setdefault(e.tail.id, []).append(e.head.id)
        before.setdefault(e.head.id, []).append(e.tail.id)
    following = {a: bs[0] for a, bs in after.items() if len(bs) == 1 and len(before[bs[0]]) == 1}
    starts = [u.id for u in view.units if u.id in following and u.id not in set(following.values())]
    chains = []
    for start in starts:
        chain = [start]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        chains.append(chain)
    return chains


class _Ground:
    """What may not come near one another: cards, passing lines, and panels, each with the units that are in it."""

    def __init__(self, view: View, cards: Mapping[str, Card], vias: Sequence[list[Via]]) -> None:
        self.cards, self.vias = cards, [v for passed in vias for v in passed]
        self.holders: dict[str, set[str]] = {p.id: {u.id for u in p.all_units()} for p in view.panels}

    def is_sound(self, moved: Sequence[Card], frames: Mapping[str, Box]) -> bool:
        """Do the moved cards keep clear of the others and of passing lines, and the panels of what is not theirs?"""
        boxes = {id: c.whole() for id, c in self.cards.items()}
        bands = Bands(boxes)
        own = {c.unit.id for c in moved}
        for id in own:
            box = left, top, width, height = boxes[id]
            if any(other not in own and overlap(box, boxes[other], 22) for other in bands.near(top - 22, top + height + 22)):
                return False
            if any(left - 14 < x < left + width + 14 and a < top + height and b > top for x, a, b in self.vias):
                return False
        return self.panels_are_sound(boxes, bands, frames)

    def panels_are_sound(self, boxes: Mapping[str, Box], bands: Bands, frames: Mapping[str, Box]) -> bool:
        panels = Bands(frames)
        for id, holds in self.holders.items():
            box = frames[id]
            top, bottom = box[1] - 8, box[1] + box[3] + 8
            if any(unit not in holds and overlap(box, boxes[unit], 8) for unit in bands.near(top, bottom)):
                return False
            for other in panels.near(top, bottom):
                if overlap(box, frames[other], 6) and not (self.holders[other] <= holds or holds <= self.holders[other]):
                    return False
        return True
