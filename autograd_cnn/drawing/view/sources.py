"""Which line of the user's program an operation comes from."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType, TracebackType
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_NETWORKS = os.path.join(_PACKAGE, "vision", "models")  # programs that one may want to read, as one's own

Place = tuple[str, int]


def is_users(file: str) -> bool:
    """Is this file a program, and not what carries it out?"""
    return not file.startswith(("<autograd_cnn", "<frozen")) and (not file.startswith(_PACKAGE + os.sep) or file.startswith(_NETWORKS))


def place_here(skip: int = 1) -> Place | None:
    """The innermost line of a program that is under way."""
    frame: FrameType | None = sys._getframe(skip)
    while frame is not None:
        file = frame.f_code.co_filename
        if is_users(file):
            return file, frame.f_lineno
        frame = frame.f_back
    return None


def place_of_error(error: BaseException) -> Place | None:
    """The innermost line of a program on the way to where an error was raised."""
    found = None
    for frame, line in _frames(error.__traceback__):
        if is_users(frame.f_code.co_filename):
            found = frame.f_code.co_filename, line
    return found


def modules_of_error(error: BaseException) -> list[Any]:
    """The modules whose calls an error came through, outer ones first."""
    found: list[Any] = []
    for frame, _ in _frames(error.__traceback__):
        owner = frame.f_locals.get("self")
        if frame.f_code.co_name == "__call__" and hasattr(owner, "named_modules") and owner not in found[-1:]:
            found.append(owner)
    return found


def locals_of_error(error: BaseException) -> list[list[Any]]:
    """What each function was at work on when an error was raised, the innermost first, in the order of its arguments."""
    return [list(frame.f_locals.values()) for frame, _ in reversed(list(_frames(error.__traceback__)))]


def _frames(trace: TracebackType | None) -> Any:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def shown(place: Place) -> tuple[str, int, str]:
    """(file, line, the line's text): the file from the working folder on, or from the package; else its name alone."""
    file, line = place
    text = linecache.getline(file, line).strip()
    for root in (os.getcwd(), os.path.dirname(_PACKAGE)):
        if file.startswith(root + os.sep):
            return os.path.relpath(file, root).replace(os.sep, "/"), line, text
    return os.path.basename(file), line, text
