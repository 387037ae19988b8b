"""Straight main paths: units that follow one another without a branch stand under one another, where there is room.

A layout engine weighs straightness against the length of every other edge, and leaves kinks of a few pixels that look like
mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..canvas.geometry import overlap
from ..canvas.scene import Box
from ..layout.request import Via
from ..view.view import View
from .cards import Card

MOST_UNITS = 600  # beyond that the picture is not looked at so closely, and checking every move takes long


def straighten_chains(view: View, cards: Mapping[str, Card], vias: Sequence[list[Via]], frames: Callable[[], dict[str, Box]]) -> None:
    """Give every chain one x, its weighted median, if then nothing stands in the way of anything."""
    if len(view.units) > MOST_UNITS:
        return
    for chain in sorted(_chains(view), key=len, reverse=True):
        members = [cards[id] for id in chain]
        before = [c.x for c in members]
        if max(before) - min(before) < 0.5:
            continue
        for x in dict.fromkeys((sorted(before)[len(before) // 2], before[0], before[-1])):
            for c in members:
                c.x = x
            if _sound(view, members, cards, vias, frames()):
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


def _sound(view: View, moved: Sequence[Card], cards: Mapping[str, Card], vias: Sequence[list[Via]], frames: Mapping[str, Box]) -> bool:
    """Do the moved cards keep clear of the others and of passing lines, and the panels of what is not theirs?"""
    own = {id(c) for c in moved}
    others = [c.whole() for c in cards.values() if id(c) not in own]
    for c in moved:
        box = c.whole()
        if any(overlap(box, o, 22) for o in others):
            return False
        left, top, width, height = box
        for passed in vias:
            if any(left - 14 < x < left + width + 14 and a < top + height and b > top for x, a, b in passed):
                return False
    holders: dict[str, set[str]] = {p.id: {u.id for u in p.all_units()} for p in view.panels}
    for p in view.panels:
        box = frames[p.id]
        if any(overlap(box, c.whole(), 8) for id, c in cards.items() if id not in holders[p.id]):
            return False
        for q in view.panels:
            nested = q is p or holders[q.id] <= holders[p.id] or holders[p.id] <= holders[q.id]
            if not nested and overlap(box, frames[q.id], 6):
                return False
    return True
