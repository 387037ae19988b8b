"""lock_file: a lock is on the file that others find under the name, and a save takes nobody else's half-written file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from autograd_cnn.support.atomic import atomic_write, lock_file


@pytest.mark.parametrize("what", ["renamed", "removed"])
def test_a_lock_on_a_file_that_has_lost_its_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Its holder ended between our open and our lock: what we locked is no longer what others find under the name."""
    path = tmp_path / "lock"
    path.write_text("first")
    opened, real = [], os.open

    def slow(*args: Any) -> int:
        descriptor = real(*args)
        opened.append(descriptor)
        if len(opened) == 1:
            path.rename(tmp_path / "moved") if what == "renamed" else path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", slow)
    descriptor = lock_file(str(path))
    monkeypatch.undo()
    try:
        assert len(opened) == 2
        assert os.fstat(descriptor).st_ino == path.stat().st_ino
        with pytest.raises(BlockingIOError):
            lock_file(str(path))
    finally:
        os.close(descriptor)


def test_a_save_that_takes_over_a_name_just_renamed_keeps_the_other_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other writer finishes between our open of its temporary file and our lock: what it saved must not be written over."""
    target, part = tmp_path / "file", tmp_path / ".file.part"
    part.write_text("the other's")
    real, calls = os.open, []

    def slow(path: Any, *args: Any) -> int:
        descriptor = real(path, *args)
        if str(path) == str(part) and not calls:
            calls.append(path)
            os.replace(part, target)
        return descriptor

    monkeypatch.setattr(os, "open", slow)
    with atomic_write(target, "w") as file:
        file.write("ours")
        file.flush()
        assert target.read_text() == "the other's"
    assert calls
    assert target.read_text() == "ours"
