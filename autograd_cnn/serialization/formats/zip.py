"""Reading torch's zip format (since 1.6): a pickle of the tree, a record for each storage."""

from __future__ import annotations

from typing import Any

from ..errors import FileFormatError
from ..pickle.builders import StorageType
from ..pickle.loading_context import LoadingContext, Survey
from ..pickle.messages import damaged
from ..pickle.unpickler import Reader, Unpickler
from ..storage.archive_read import Archive
from ..storage.map_location import MapLocation, callers_errors, restorer
from ..storage.source import Source
from ..storage.storage import Storage

_NEWEST_VERSION = 10


class _Storages:
    """The storages of one archive, each read once."""

    def __init__(self, archive: Archive, map_location: MapLocation, mmap: bool) -> None:
        self._archive = archive
        self._mmap = mmap
        self._byteorder = _byteorder(archive)
        self._found: dict[str, Storage] = {}
        self.restore = restorer(map_location)

    def fetch(self, pid: tuple[Any, ...]) -> Storage:
        kind, key, location, numel = described(pid, 5)
        found = self._found.get(key)
        if found is not None:
            if (found.element, found.numel) != (kind.element, numel):
                raise damaged(f"The storage {key!r} is described in two ways")
            return found
        storage = Storage(kind.element, numel, location, self._byteorder, mapped=self._mmap)
        name = f"data/{key}"
        size = self._archive.record(name).size
        if size != storage.nbytes:
            raise damaged(f"The storage {key!r} should have {storage.nbytes} bytes and its record has {size}")
        storage.fill(self._archive.map_array(name) if self._mmap else self._archive.read_array(name))
        self.restore(storage, location)
        self._found[key] = storage
        return storage


def described(pid: tuple[Any, ...], length: int) -> tuple[StorageType, str, str, int]:
    """The parts of a storage's description, each of its type: (type, key, location, number of elements)."""
    if len(pid) != length or text(pid[0]) != "storage":
        raise damaged(f"Only storages may be kept beside the pickle, not {text(pid[0])!r:.40}")
    kind, key, location, numel = pid[1], text(pid[2]), text(pid[3]), pid[4]
    if not isinstance(kind, StorageType) or key is None or location is None or type(numel) is not int or numel < 0:
        raise damaged("A storage's description is not one")
    return kind, key, location, numel


def text(value: Any) -> str | None:
    """A text that Python 2 may have written as bytes."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else None


def _byteorder(archive: Archive) -> str:
    if "byteorder" not in archive:
        return "little"
    order = archive.read("byteorder")
    if order not in (b"little", b"big"):
        raise FileFormatError(f"load: Unknown endianness type: {order[:20]!r}; expected 'little' or 'big'.")
    return order.decode()


def _check_version(archive: Archive) -> None:
    if "constants.pkl" in archive:
        raise RuntimeError(
            "load: Cannot use TorchScript archives: they hold a program, and this library never runs code from files. "
            "Save the module's state_dict() with torch.save instead."
        )
    for name in (".data/version", "version"):
        if name in archive:
            version = archive.read(name).strip()
            if not version.isdigit() or int(version[:9]) > _NEWEST_VERSION:
                raise FileFormatError(
                    f"load: the file's format has version {version[:20]!r}, and {_NEWEST_VERSION} is the newest that "
                    "this library reads. Update it, or save the file with an older torch."
                )


def read_zip(source: Source, map_location: MapLocation, mmap: bool, encoding: str) -> Any:
    """The object in a zip file."""
    archive = Archive(source)
    _check_version(archive)
    storages = _Storages(archive, map_location, mmap)
    with callers_errors():
        result = LoadingContext(storages.fetch, storages.restore).run(Reader(archive.read("data.pkl")), encoding)
    source.leave_at(source.size)
    return result


def survey_zip(source: Source) -> list[str]:
    """The names that a zip file asks for."""
    archive, survey = Archive(source), Survey()
    Unpickler(Reader(archive.read("data.pkl")), survey).run()
    return list(survey.names)
