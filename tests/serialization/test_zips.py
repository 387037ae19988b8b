"""Zip files that mean harm, or have suffered: bombs, overlaps, names that climb, and flaws in each field."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import FileFormatError, save

from .crafting import FOUR, P, archive, legacy, program, storage, tensor
from .watching import load_watched as load


def plain_zip() -> bytes:
    file = io.BytesIO()
    save({"w": ac.ones(8), "b": ac.zeros(3)}, file)
    return file.getvalue()


def refused_zip(content: bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        load(io.BytesIO(content))


def test_zip_bombs() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("x/data.pkl", program(tensor((2**26,), of=storage(numel=2**26))))
        out.writestr("x/data/0", bytes(2**26))
        out.writestr("x/version", b"3\n")
    refused_zip(file.getvalue(), "would swell from .* refused as a zip bomb")


def test_a_compressed_record_that_lies() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("x/data.pkl", program(tensor((2**17,), of=storage(numel=2**17))))
        out.writestr("x/data/0", bytes(2**22))
        out.writestr("x/version", b"3\n")
    content = file.getvalue().replace(struct.pack("<I", 2**22), struct.pack("<I", 2**19))
    refused_zip(content, "is larger than it says")
    bits = bytearray(file.getvalue())
    bits[file.getvalue().index(b"x/data/0") + 12] ^= 0xFF
    with pytest.raises(FileFormatError):
        load(io.BytesIO(bytes(bits)))


def test_overlapping_records() -> None:
    """The quadratic bomb: many directory entries for the same bytes."""
    content = plain_zip()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x06\x06")
    entries = content[start:end]
    first = entries[: entries.index(b"PK\x01\x02", 4)]
    many = b"".join(first.replace(b"data.pkl", b"dat%05d" % i) for i in range(500)) + entries
    total = 500 + entries.count(b"PK\x01\x02")
    ends = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, total, total, len(many), start, 0)
    refused_zip(content[:start] + many + ends, "overlaps what follows it")


@pytest.mark.parametrize("bad", ["../evil", "/etc/passwd", "a\\b", "C:/x", "x/../../y", "x/\x00y"])
def test_names_that_climb(bad: str) -> None:
    file = archive(program(P.NONE), root="x")
    with zipfile.ZipFile(file, "a") as out:
        info = zipfile.ZipInfo("placeholder")
        info.filename = bad
        out.writestr(info, b"x")
    refused_zip(file.getvalue(), "is not a plain relative path")


def test_names_are_not_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(FOUR)
    for key in ("../../secret", "/etc/passwd", str(tmp_path / "secret")):
        with pytest.raises(FileFormatError, match="is missing"):
            load(archive(program(tensor(of=storage(key)))))


def test_other_flaws_of_zips() -> None:
    content = plain_zip()
    entry = content.index(b"PK\x01\x02")

    def patched(at: int, new: bytes) -> bytes:
        return content[:at] + new + content[at + len(new) :]

    refused_zip(content[:-10], "failed finding central directory")
    refused_zip(content + b"tail", "failed finding central directory")
    refused_zip(b"PK\x03\x04" + content[:60], "failed finding central directory")
    refused_zip(patched(entry + 8, b"\x09"), "is encrypted")
    refused_zip(patched(entry + 10, b"\x0c"), "compressed by method 12")
    refused_zip(patched(entry + 10, b"\x08"), "does not agree with the directory")
    refused_zip(patched(entry + 20, b"\x01\x00\x00\x00"), "has two sizes")
    refused_zip(patched(entry + 20, struct.pack("<2I", 10**6, 10**6)), "overlaps what follows it")
    refused_zip(patched(entry + 20, struct.pack("<2I", 0xFFFFFFFF, 0xFFFFFFFF)), "lacks its zip64 sizes")
    refused_zip(patched(entry + 34, b"\x05\x00"), "several disks")
    refused_zip(patched(entry + 42, b"\x01"), "overlaps|header|agree")
    refused_zip(patched(entry, b"XX"), "an entry of the directory is not one")
    refused_zip(patched(content.index(b"data.pkl"), b"data.pkk"), "bears another name")
    first_data = content.index(b"data/0") + 6
    while content[first_data : first_data + 4] != struct.pack("<f", 1):
        first_data += 1
    refused_zip(patched(first_data, b"\x01"), "does not have the checksum")
    two = archive(program(P.NONE))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(two, "a") as out:
        out.writestr("x/data.pkl", program(P.NONE))
    refused_zip(two.getvalue(), "two records have the same name")
    refused_zip(archive(program(P.NONE), {"../y/data.pkl": b""}).getvalue(), "plain relative path")
    none = io.BytesIO()
    with zipfile.ZipFile(none, "w") as out:
        out.writestr("x/other", b"")
    refused_zip(none.getvalue(), "found no data.pkl")
    refused_zip(archive(program(P.NONE), {"byteorder": b"middle"}).getvalue(), "Unknown endianness type")
    refused_zip(archive(program(P.NONE), {"version": b"11\n"}).getvalue(), "has version b'11'")
    refused_zip(archive(program(P.NONE), {"version": b"x"}).getvalue(), "has version b'x'")


@pytest.mark.parametrize("length", [0, 1, 65534, 65535])
def test_a_comment_of_any_length(length: int) -> None:
    file = archive(program(P.NONE))
    with zipfile.ZipFile(file, "a") as out:
        out.comment = b"c" * length
        out.writestr("x/more", bytes(70_000))
    assert load(file.getvalue()) is None


def test_a_directory_that_says_more_or_less_than_it_holds() -> None:
    content = archive(program(P.NONE), {"data/" + "n" * 200: b"x"}).getvalue()
    end = content.index(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<H2I", content, end + 10)
    assert start + size == end

    def with_end(count: int, size: int, start: int, between: bytes = b"") -> bytes:
        return content[:end] + between + content[end : end + 8] + struct.pack("<2H2I", count, count, size, start) + content[end + 20 :]

    assert load(with_end(count, size, start)) is None
    refused_zip(with_end(count + 1, size, start), "the directory ends within an entry|longer than its entries|is not one")
    refused_zip(with_end(count + 4, size, start), "the directory ends within an entry|is not one")
    refused_zip(with_end(count - 1, size, start), "the directory is longer than its entries")
    refused_zip(with_end(1000, size, start), "1000 records cannot be listed")
    refused_zip(with_end(count, size, start, b"1234"), "the directory does not end where its end record begins")
    refused_zip(with_end(count, size - 1, start), "the directory does not end where its end record begins")


def test_a_zip64_end_that_is_none() -> None:
    """torch's files, and this library's, always have one: what it and its locator say is believed only where it is so."""
    file = io.BytesIO()
    save([1], file)
    content = file.getvalue()
    end64, locator = content.index(b"PK\x06\x06"), content.index(b"PK\x06\x07")
    assert locator == end64 + 56 and content[locator + 20 :][:4] == b"PK\x05\x06"

    def patched(at: int, new: bytes) -> bytes:
        return content[:at] + new + content[at + len(new) :]

    where = "the zip64 end record is not where it should be"
    refused_zip(patched(end64, b"PK\x06\x05"), where)
    refused_zip(patched(locator + 8, struct.pack("<Q", end64 + 1)), where)
    refused_zip(patched(locator + 8, struct.pack("<Q", 1 << 40)), "expected the zip64 end record at bytes")
    for at in (locator + 4, end64 + 16, end64 + 20):
        refused_zip(patched(at, struct.pack("<I", 1)), "several disks")
    refused_zip(patched(locator + 16, struct.pack("<I", 2)), "several disks")
    assert load(patched(locator + 16, struct.pack("<I", 0))) == [1]  # some write no number of disks
    count = struct.unpack_from("<Q", content, end64 + 24)[0]
    refused_zip(patched(end64 + 24, struct.pack("<Q", count + 1)), "several disks")
    refused_zip(patched(end64 + 40, struct.pack("<Q", 1)), "the directory does not end where its end record begins")


def test_a_record_of_a_few_bytes_too_many() -> None:
    """zipfile leaves no gap between records: one byte more is one byte of the next."""
    content = archive(program(P.NONE), {"unread": b"x"}).getvalue()
    for entry in (content.index(b"PK\x01\x02"), content.rindex(b"PK\x01\x02")):  # one that is read, and one that is not
        sizes = struct.unpack_from("<2I", content, entry + 20)
        for more in (1, 40):
            bad = content[: entry + 20] + struct.pack("<2I", *(s + more for s in sizes)) + content[entry + 28 :]
            refused_zip(bad, "overlaps what follows it")


@pytest.mark.parametrize(
    "before", [b"", struct.pack("<2H", 0x5455, 5) + b"\1abcd", struct.pack("<2H", 0x5455, 1) + b"\1" + struct.pack("<2H", 9, 0)]
)
def test_sizes_in_a_zip64_field_behind_others(before: bytes) -> None:
    def with_field(sizes: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as out:
            info = zipfile.ZipInfo("x/data.pkl")
            info.extra = before + struct.pack("<2H", 1, len(sizes)) + sizes
            out.writestr(info, pickled)
            out.writestr("x/version", b"3\n")
        content = bytearray(file.getvalue())
        entry = content.index(b"PK\x01\x02")
        content[entry + 20 : entry + 28] = b"\xff" * 8
        return bytes(content)

    pickled = program(P.NONE)
    assert load(with_field(struct.pack("<2Q", len(pickled), len(pickled)))) is None
    refused_zip(with_field(struct.pack("<2Q", len(pickled) + 1, len(pickled) + 1)), "agree|overlaps|checksum|damaged")
    refused_zip(with_field(struct.pack("<Q", len(pickled))), "lacks its zip64 sizes")


def test_bool_bytes() -> None:
    bad = legacy(program(tensor(of=storage(kind="BoolStorage"))), {"0": b"\x00\x01\x02\x00"}, itemsize=1)
    with pytest.raises(FileFormatError, match="expected bytes 0 and 1 in a bool tensor, got 2"):
        load(bad)


def test_torchscript_and_tar() -> None:
    with pytest.raises(RuntimeError, match="Cannot use TorchScript archives: they hold a program"):
        load(archive(program(P.NONE), {"constants.pkl": program(P.NONE)}))
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        info = tarfile.TarInfo("storages")
        info.size = 3
        out.addfile(info, io.BytesIO(b"abc"))
    file.seek(0)
    with pytest.raises(RuntimeError, match=r"legacy .tar format"):
        load(file)


def test_archives_of_torch_1_6_have_fewer_records() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("archive/data.pkl", program(tensor()))
        out.writestr("archive/data/0", FOUR)
        out.writestr("archive/version", b"3\n")
    assert load(file.getvalue()).tolist() == [1, 2, 3, 4]
