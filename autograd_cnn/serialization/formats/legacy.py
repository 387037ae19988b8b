"""Reading torch's format of before 1.6: five pickles one after the other, then the storages.

The storages come last, and how long each is stands only in the pickle of the tree. So that pickle is read twice: once
to note the storages without building anything, and again when they are there.
"""

from __future__ import annotations

from typing import Any

from ..errors import FileFormatError
from ..pickle.builders import StorageType
from ..pickle.loading_context import Fetch, LoadingContext, Survey, known
from ..pickle.messages import brief, damaged
from ..pickle.unpickler import Reader, Unpickler
from ..storage.map_location import MapLocation, Restore, callers_errors, restorer
from ..storage.source import Source
from ..storage.storage import Storage
from .zip import described, text

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
_BLOCK = 1 << 16


class _Pickles:
    """Readers for pickles that follow each other in a file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.position = 0

    def reader(self) -> Reader:
        """A reader from the present position on."""
        place = self.position

        def more(count: int) -> bytes:
            nonlocal place
            size = min(max(count, _BLOCK), self._source.size - place)
            place += size
            return self._source.read(place - size, size)

        return Reader(b"", more)

    def run(self, world: Any, encoding: str = "utf-8") -> Any:
        """Read one pickle in a world that builds nothing, and stand behind it."""
        reader = self.reader()
        result = Unpickler(reader, world, encoding).run()
        self.position += reader.consumed
        return result


def read_legacy(source: Source, map_location: MapLocation, encoding: str) -> Any:
    """The object in a legacy file."""
    pickles = _Pickles(source)
    _check_head(pickles, source.label)
    tree, survey = pickles.reader(), Survey()
    pickles.run(survey, encoding)
    for name in survey.names:
        known(name)  # refuse before the storages are read
    restore = restorer(map_location)
    with callers_errors():
        storages = _described_storages(survey, restore)
    keys = pickles.run(Survey(), encoding)
    position = _read_storages(source, pickles.position, keys, storages)
    with callers_errors():
        result = LoadingContext(_fetch(storages), restore).run(tree, encoding)
    source.leave_at(position)
    return result


def survey_legacy(source: Source) -> list[str]:
    """The names that a legacy file asks for."""
    pickles, survey = _Pickles(source), Survey()
    _check_head(pickles, source.label)
    pickles.run(survey)
    return list(survey.names)


def _check_head(pickles: _Pickles, label: str) -> None:
    if pickles.run(Survey()) != MAGIC_NUMBER:
        raise FileFormatError(
            f"{label}: Invalid magic number; corrupt file? It is a pickle, but not one that torch.save wrote. "
            "Only files of torch.save and save() are read."
        )
    version = pickles.run(Survey())
    if version != PROTOCOL_VERSION:
        raise FileFormatError(f"{label}: Invalid protocol version: expected {PROTOCOL_VERSION}, got {brief(version)}.")
    if not isinstance(pickles.run(Survey()), dict):
        raise FileFormatError(f"{label}: the description of the system that wrote the file is missing; it is damaged.")


def _described_storages(survey: Survey, restore: Restore) -> dict[str, Storage]:
    storages: dict[str, Storage] = {}
    for pid in survey.storages:
        if text(pid[0]) == "module":
            continue
        kind, key, location, numel = described(pid[:5], 5)
        storage = Storage(kind.element, numel, location, "little")
        known_as = storages.setdefault(key, storage)
        if (known_as.element, known_as.numel) != (storage.element, numel):
            raise damaged(f"The storage {key!r} is described in two ways")
        restore(storage, location)
    return storages


def _read_storages(source: Source, position: int, keys: Any, storages: dict[str, Storage]) -> int:
    """Fill the storages in the order of their keys; the position behind the last of them."""
    names = [text(key) or "" for key in keys] if isinstance(keys, list) else None
    if names is None or sorted(names) != sorted(storages):
        raise damaged("The list of storages is not that of the tensors")
    for name in names:
        storage = storages[name]
        numel = int.from_bytes(source.read(position, 8, "the size of a storage"), "little", signed=True)
        if numel != storage.numel:
            raise damaged(f"A storage should have {storage.numel} elements and the file says {numel}")
        storage.fill(source.read_array(position + 8, storage.nbytes, "a storage"))
        position += 8 + storage.nbytes
    return position


def _fetch(storages: dict[str, Storage]) -> Fetch:
    views: dict[tuple[str, str], Storage] = {}

    def fetch(pid: tuple[Any, ...]) -> Any:
        if text(pid[0]) == "module" and len(pid) > 1:
            return pid[1]  # a container's class; its source text, which stands beside it, is not looked at
        kind, key, _, _ = described(pid[:5], 5)
        storage = storages[key]
        if len(pid) < 6 or pid[5] is None:
            return storage
        return _view_of(storage, kind, pid[5], views)

    return fetch


def _view_of(storage: Storage, kind: StorageType, described_view: Any, views: dict[tuple[str, str], Storage]) -> Storage:
    """Until 0.4, a storage could be a part of another one: (its key, where it begins, its size), in elements."""
    if type(described_view) is not tuple or len(described_view) != 3 or kind.element is None:
        raise damaged("A storage's part is not described as one")
    key, offset, numel = text(described_view[0]), described_view[1], described_view[2]
    if key is None or type(offset) is not int or type(numel) is not int or not 0 <= offset <= offset + numel <= storage.numel:
        raise damaged("A storage's part is not inside it")
    part = views.get((key, kind.element.name))
    if part is None:
        part = views[key, kind.element.name] = storage.part(offset, numel)
    return part
