"""Each bound of the readers from both sides: what is just within is read, what is just beyond is refused, and said to be what it is."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import FileFormatError, TruncatedFileError, load, safe_globals, save
from autograd_cnn.serialization.pickle import safe_globals as registry
from autograd_cnn.serialization.pickle.unpickler import Reader
from autograd_cnn.serialization.saving import archive_name
from autograd_cnn.serialization.storage.source import Source
from autograd_cnn.tensors.tensor import wrap

from .crafting import FOUR, P, archive, name, program, storage, tensor, text


def read(content: bytes) -> Any:
    return load(io.BytesIO(content))


def patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def refused(content: bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read(content)


ONE = archive(program(tensor())).getvalue()
END = ONE.rindex(b"PK\x05\x06")
LAST = ONE.rindex(b"PK\x01\x02")  # the last entry of the directory
FIRST = ONE.index(b"PK\x01\x02")


# ------------------------------------------------------------------------------------------------- zip: the directory
def test_a_directory_of_nothing() -> None:
    refused(b"PK\x03\x04" + bytes(40) + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, 0, 44, 0), "found no data.pkl")


@pytest.mark.parametrize(
    "comment", [b"PK\x05\x06", b"PK\x05\x06" + bytes(18), b"PK\x05\x06" + b"x" * 18, b"x" * 30 + b"PK\x05\x06" + b"\xff" * 25]
)
def test_a_comment_that_looks_like_an_end(comment: bytes) -> None:
    content = patched(ONE, END + 20, struct.pack("<H", len(comment))) + comment
    if comment.endswith(bytes(18)):  # an end of no records, at the end of the file: it is the one
        refused(content, "does not end where its end record begins")
    else:
        assert read(content).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("at", "length"), [(28, 1), (30, 1), (32, 1), (28, 60_000)])
def test_an_entry_longer_than_the_directory(at: int, length: int) -> None:
    known = struct.unpack_from("<H", ONE, LAST + at)[0]
    refused(patched(ONE, LAST + at, struct.pack("<H", known + length)), "an entry of the directory is not one")


def test_fields_of_an_entry() -> None:
    for disk, right in ((0, True), (0xFFFF, True), (1, False), (0xFFFE, False)):
        content = patched(ONE, FIRST + 34, struct.pack("<H", disk))
        if right:
            assert read(content).tolist() == [1, 2, 3, 4]
        else:
            refused(content, "several disks")
    assert read(patched(ONE, FIRST + 8, struct.pack("<H", 0x0808))).tolist() == [1, 2, 3, 4]
    refused(patched(ONE, FIRST + 8, struct.pack("<H", 0x0809)), "is encrypted")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("x/y/data.pkl", ""),
        ("y/other", ""),
        ("x/a..b", ""),
        ("data.pkl", ""),
        ("y/data.pkl", "several data.pkl"),
        ("y/adata.pkl", ""),
    ],
)
def test_other_records_beside(other: str, message: str) -> None:
    file = io.BytesIO(ONE)
    with zipfile.ZipFile(file, "a") as out:
        out.writestr(other, program(P.NONE))
    if message:
        refused(file.getvalue(), message)
    else:
        assert read(file.getvalue()).tolist() == [1, 2, 3, 4]


def test_a_record_without_a_name() -> None:
    file = io.BytesIO(ONE)
    with zipfile.ZipFile(file, "a") as out:
        info = zipfile.ZipInfo("placeholder")
        info.filename = ""
        out.writestr(info, b"")
    refused(file.getvalue(), "is not a plain relative path")


def test_checksums_count_where_there_are_any() -> None:
    """Writers that were told not to compute them leave zero in all."""
    at = ONE.index(FOUR)
    changed = patched(ONE, at, struct.pack("<f", 9))
    refused(changed, "does not have the checksum")
    entries = [i for i in range(FIRST, END) if ONE[i : i + 4] == b"PK\x01\x02"]
    some = patched(changed, entries[2] + 16, bytes(4))
    assert ONE[entries[2] + 46 :].startswith(b"x/data/0")
    refused(some, "does not have the checksum")
    for entry in entries:
        changed = patched(changed, entry + 16, bytes(4))
    assert read(changed).tolist() == [9, 2, 3, 4]


def test_the_header_of_a_record_is_that_of_its_entry() -> None:
    header = ONE.rindex(b"PK\x03\x04", 0, ONE.index(b"x/data/0"))
    for at, new in ((0, b"PK\x03\x05"), (8, b"\x08"), (26, b"\x07")):
        refused(patched(ONE, header + at, new), "does not agree with the directory")
    refused(patched(ONE, header + 30, b"y"), "bears another name than the directory")
    refused(patched(ONE, header + 28, b"\x01"), "overlaps what follows it")


def test_zip64_numbers_of_each_field_alone() -> None:
    """Only those that are too large for their short field stand in the long one, whatever else stands behind them."""

    def with_extra(extra: bytes, at: int, new: bytes) -> bytes:
        lengths = struct.unpack_from("<3H", ONE, LAST + 28)
        behind = LAST + 46 + lengths[0]
        content = ONE[:behind] + extra + ONE[behind:]
        content = patched(content, LAST + 30, struct.pack("<H", len(extra)))
        content = patched(content, END + len(extra) + 12, struct.pack("<I", END + len(extra) - FIRST))
        return patched(content, LAST + at, new)

    packed, size = struct.unpack_from("<2I", ONE, LAST + 20)
    (header,) = struct.unpack_from("<I", ONE, LAST + 42)
    far = b"\xff" * 4
    for at, numbers in ((20, [packed]), (24, [size]), (42, [header])):
        for behind in (b"", b"1234", b"12345678"):
            raw = struct.pack("<Q", *numbers) + behind
            assert read(with_extra(struct.pack("<2H", 1, len(raw)) + raw, at, far)).tolist() == [1, 2, 3, 4]
        refused(with_extra(struct.pack("<2H", 1, 7) + bytes(7), at, far), "lacks its zip64 sizes")
        refused(with_extra(struct.pack("<2H", 2, 8) + bytes(8), at, far), "lacks its zip64 sizes")


# ------------------------------------------------------------------------------------------------- zip: compressed records
def deflated(content: bytes, numel: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("x/data.pkl", program(tensor((numel,), of=storage(numel=numel, kind="ByteStorage"))))
        out.writestr("x/data/0", content)
        out.writestr("x/version", b"3\n")
    return file.getvalue()


@pytest.mark.parametrize(("size", "right"), [(1 << 20, True), ((1 << 20) + 1, False)])
def test_how_far_a_short_record_may_swell(size: int, right: bool) -> None:
    content = deflated(bytes(size), size)
    if right:
        assert len(read(content)) == size
    else:
        refused(content, "would swell")


@pytest.mark.parametrize(("noise", "right"), [(100_000, True), (60_000, False)])
def test_how_far_a_long_record_may_swell(noise: int, right: bool) -> None:
    raw = np.random.default_rng(0).bytes(noise) + bytes(8_000_000 - noise)
    content = deflated(raw, len(raw))
    if right:
        assert read(content).numpy().tobytes() == raw
    else:
        refused(content, "would swell")


def test_a_compressed_record_of_several_blocks() -> None:
    raw = np.random.default_rng(0).bytes(2_500_000) + bytes(1_000_000)
    assert read(deflated(raw, len(raw))).numpy().tobytes() == raw


@pytest.mark.parametrize("size", [(3 << 20) + d for d in (-1, 0, 1, 2, 66, 258)])
def test_what_the_decompressor_still_holds_belongs_to_the_record(size: int) -> None:
    """It gives a mebibyte at a time, and may have read all there is when the last of them is full."""
    raw = np.random.default_rng(0).bytes(40_000) + bytes(size - 40_000)
    assert read(deflated(raw, size)).numpy().tobytes() == raw


@pytest.mark.parametrize("more", [-1, 1])
def test_a_compressed_record_of_another_size(more: int) -> None:
    raw = b"ab" * 1000
    content = deflated(raw, len(raw) + more)
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    assert content[entry + 46 :].startswith(b"x/data/0")
    refused(
        patched(content, entry + 24, struct.pack("<I", len(raw) + more)),
        "larger than it says" if more < 0 else "smaller than it says",
    )


# ------------------------------------------------------------------------------------------------- files
class Slow(io.RawIOBase):
    """Gives, and takes, three bytes at a time; ends at `end`, whatever it said its size was."""

    def __init__(self, content: bytes = b"", end: int | None = None) -> None:
        self.inner = io.BytesIO(content)
        self.end = len(content) if end is None else end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    def readinto(self, buffer: Any) -> int:
        part = self.inner.read(max(0, min(3, len(buffer), self.end - self.inner.tell())))
        buffer[: len(part)] = part
        return len(part)

    def write(self, data: Any) -> int:
        return self.inner.write(bytes(data)[:3])


@pytest.mark.parametrize("legacy", [False, True])
def test_files_that_give_and_take_little_at_once(legacy: bool) -> None:
    out = Slow()
    save({"w": ac.arange(50)}, out, _use_new_zipfile_serialization=not legacy)  # type: ignore[arg-type]
    assert load(Slow(out.inner.getvalue()))["w"].tolist() == list(range(50))  # type: ignore[arg-type]


def test_files_that_shrink() -> None:
    for ask in (lambda s: s.read(0, 10, "it"), lambda s: s.read_array(0, 10, "it"), lambda s: list(s.blocks(0, 10, "it"))):
        assert len(ask(Source(Slow(bytes(10)), "f"))) in (1, 10)  # type: ignore[arg-type]
        with pytest.raises(TruncatedFileError, match="f: the file ended within it; it shrank while it was read"):
            ask(Source(Slow(bytes(10), end=7), "f"))  # type: ignore[arg-type]


WITHIN, BEYOND = [(0, 0), (0, 6), (6, 0), (5, 1)], [(0, 7), (6, 1), (7, 0), (-1, 1), (2, -1)]


@pytest.mark.parametrize(("offset", "count", "right"), [(*w, True) for w in WITHIN] + [(*b, False) for b in BEYOND])
def test_what_lies_within_a_file(tmp_path: Path, offset: int, count: int, right: bool) -> None:
    """From where it stood when it was handed over."""
    path = tmp_path / "f"
    path.write_bytes(b"headabcdef")
    with path.open("rb") as file:
        file.seek(4)
        source = Source(file, "f", mappable=True)
        assert source.size == 6
        ways = [
            lambda: source.read(offset, count, "it"),
            lambda: b"".join(source.blocks(offset, count, "it")),
            lambda: source.read_array(offset, count, "it").tobytes(),
            lambda: source.map_array(offset, count, "it").tobytes(),
        ]
        for way in ways:
            if right:
                assert way() == b"abcdef"[offset : offset + count]
            else:
                with pytest.raises(TruncatedFileError, match="expected it at bytes"):
                    way()


def test_a_file_read_beyond_its_end() -> None:
    file = io.BytesIO(b"abc")
    file.seek(100)
    assert Source(file, "f").size == 0
    file.seek(100)
    with pytest.raises(TruncatedFileError, match="the file is empty, or read to its end already"):
        load(file)


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_blocks_of_a_file(size: int) -> None:
    content = np.random.default_rng(0).bytes(size + 10)
    source = Source(io.BytesIO(content), "f")
    blocks = list(source.blocks(5, size))
    assert b"".join(blocks) == content[5 : 5 + size]
    assert [len(b) for b in blocks[:-1]] == [1 << 20] * (len(blocks) - 1) and 0 < len(blocks[-1]) <= 1 << 20


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("a.pt", "a"),
        ("dir/a.b.pt", "a.b"),
        ("a", "a"),
        (".hidden", ".hidden"),
        ('a:b\\c".pt', "a_b_c_"),
        ("a\nb.pt", "a_b"),
        ("...", "archive"),
        (" .pt", "archive"),
        (Path("x/y.pt"), "y"),
    ],
)
def test_the_folder_within_an_archive(path: Any, root: str) -> None:
    assert archive_name(path) == root
    assert archive_name(io.BytesIO()) == "archive"


def test_what_is_no_file() -> None:
    for missing in ("read", "seek", "tell"):
        half = type("Half", (), {n: lambda self, *a: 0 for n in ("read", "seek", "tell") if n != missing})()
        with pytest.raises(AttributeError, match=f"got Half, which has no '{missing}'"):
            load(half)
    with pytest.raises(TypeError, match="expected a file opened in binary mode"):
        load(io.StringIO("x"))  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="a file-like object with a 'write' attribute, got int"):
        save(1, 3)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- views
def viewed(size: Any, stride: Any, kind: str = "FloatStorage", raw: bytes = FOUR, numel: int = 4) -> Any:
    return load(archive(program(tensor(size, stride, 0, storage(kind=kind, numel=numel))), {"data/0": raw}))


def test_how_far_a_view_may_expand() -> None:
    assert viewed((1 << 28,), (0,)).shape == (1 << 28,)
    with pytest.raises(pickle.UnpicklingError, match="refused as absurd"):
        viewed(((1 << 28) + 1,), (0,))
    numel = 5 << 20  # beyond the free part, by what the storage has itself
    assert viewed((64, numel), (0, 1), raw=bytes(4 * numel), numel=numel).shape == (64, numel)
    with pytest.raises(pickle.UnpicklingError, match="refused as absurd"):
        viewed((65, numel), (0, 1), raw=bytes(4 * numel), numel=numel)


def test_how_many_dims_a_view_may_have() -> None:
    assert viewed((1,) * 63 + (4,), (1,) * 64).ndim == 64
    with pytest.raises(pickle.UnpicklingError, match="at most 64 whole numbers"):
        viewed((1,) * 64 + (4,), (1,) * 65)


def test_how_large_nothing_may_be() -> None:
    assert viewed((0, (1 << 60) - 1), (1, 1), "ByteStorage", b"abcd").shape == (0, (1 << 60) - 1)
    with pytest.raises(pickle.UnpicklingError, match="is absurd"):
        viewed((0, 1 << 60), (1, 1), "ByteStorage", b"abcd")


def test_one_storage_of_another_type() -> None:
    with pytest.raises(pickle.UnpicklingError, match="is described in two ways"):
        read(archive(program(tensor() + tensor((2,), of=storage(numel=2)) + P.TUPLE2)).getvalue())
    with pytest.raises(pickle.UnpicklingError, match="is described in two ways"):
        read(archive(program(tensor() + tensor(of=storage(kind="IntStorage")) + P.TUPLE2)).getvalue())


# ------------------------------------------------------------------------------------------------- memory of odd shapes
def _within(raw: int, first: int, last: int, step: int) -> Any:
    return np.arange(raw, dtype=np.uint8)[first:last].view(np.float32)[::step]


@pytest.mark.parametrize(
    "array",
    [
        _within(18, 0, 16, 2),  # a memory that holds no whole number of them
        _within(20, 1, 17, 2),  # a view that begins between two
        np.zeros(3, [("a", "f4"), ("b", "u1")])["a"],  # steps between two
        np.zeros((3, 2), [("a", "f4"), ("b", "f4")])["b"].T,
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)[::2, :, 1:],
        np.arange(6.0).reshape(1, 6)[:, ::2],
        np.arange(6.0)[6:],
        np.arange(6.0)[4:5],
    ],
    ids=range(8),
)
def test_memory_of_odd_shapes(array: Any) -> None:
    expected = array.copy()
    file = io.BytesIO()
    save({"a": wrap(array), "again": wrap(array)}, file)
    back = load(io.BytesIO(file.getvalue()))
    for made in back.values():
        assert np.array_equal(made.numpy(), expected, equal_nan=True) and made.numpy().dtype == array.dtype
    assert np.shares_memory(back["a"].numpy(), back["again"].numpy()) or not array.size


# ------------------------------------------------------------------------------------------------- names
@pytest.mark.parametrize(("length", "right"), [(9_000, True), (10_000, True), (20_000, False)])
def test_how_long_a_name_may_be(length: int, right: bool) -> None:
    given = b"x" * length + b"\n"
    pieces = [given[i : i + 100] for i in range(0, len(given), 100)]
    reader = Reader(b"", lambda count: pieces.pop(0) if pieces else b"")
    if right:
        assert reader.line() == "x" * length
    else:
        with pytest.raises(ValueError, match="a name is longer than 10000 bytes"):
            reader.line()


def test_later_protocols() -> None:
    assert read(archive(P.PROTO + bytes([P.HIGHEST_PROTOCOL]) + P.NONE + P.STOP).getvalue()) is None
    with pytest.raises(pickle.UnpicklingError, match=f"it is of protocol {P.HIGHEST_PROTOCOL + 1}"):
        read(archive(P.PROTO + bytes([P.HIGHEST_PROTOCOL + 1]) + P.NONE + P.STOP).getvalue())


class Mine:
    pass


class Other:
    pass


def test_an_allowed_name_is_what_it_was_again() -> None:
    try:
        with safe_globals([(Mine, "a.B")]):  # type: ignore[list-item]
            with safe_globals([(Other, "a.B"), (Other, "a.C")]):  # type: ignore[list-item]
                assert [registry.lookup(n) for n in ("a.B", "a.C")] == [Other, Other]
            assert [registry.lookup(n) for n in ("a.B", "a.C")] == [Mine, None]
            assert registry.is_allowed(Mine) and not registry.is_allowed(Other)
        assert registry.lookup("a.B") is None
    finally:
        registry.clear_safe_globals()


def test_blocked_modules_have_no_entry() -> None:
    with safe_globals([(Mine, "os.path.join"), (Mine, "osmium.join")]):  # type: ignore[list-item]
        assert registry.lookup("os.path.join") is None
        assert registry.lookup("osmium.join") is Mine


@pytest.mark.parametrize("where", ["value", "key", "member", "attribute", "deep"])
def test_nothing_of_the_machine_is_left_in_a_result(where: str) -> None:
    thing = name("builtins", "float")
    ordered = name("collections", "OrderedDict") + P.EMPTY_TUPLE + P.REDUCE
    codes = {
        "value": P.EMPTY_DICT + P.NONE + thing + P.SETITEM,
        "key": P.EMPTY_DICT + thing + P.TUPLE1 + P.NONE + P.SETITEM,
        "member": P.EMPTY_SET + P.MARK + thing + P.ADDITEMS,
        "attribute": ordered + P.EMPTY_DICT + text("a") + thing + P.SETITEM + P.BUILD,
        "deep": P.EMPTY_LIST + P.EMPTY_DICT + P.NONE + thing + P.TUPLE1 + P.SETITEM + P.APPEND,
    }
    with pytest.raises(pickle.UnpicklingError, match=r"as a value|cannot be a key"):
        read(archive(program(codes[where])).getvalue())
