"""The archives that save writes, field by field, as another program reads them."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from pathlib import Path

import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import save
from autograd_cnn.serialization.storage import archive_write
from autograd_cnn.serialization.storage.archive_write import ALIGNMENT, ArchiveWriter

RECORDS = {"data.pkl": b"abc", "empty": b"", "data/0": bytes(range(256)) * 3, "version": b"3\n"}


def _written() -> bytes:
    file = io.BytesIO()
    writer = ArchiveWriter(file, "net")
    for name, content in RECORDS.items():
        writer.write(name, content)
    writer.close()
    return file.getvalue()


def test_what_a_zip_program_reads() -> None:
    raw = _written()
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        assert file.testzip() is None
        assert {i.filename.removeprefix("net/"): file.read(i) for i in file.infolist()} == RECORDS
        assert [i.filename for i in file.infolist()] == [f"net/{n}" for n in RECORDS]
        for info in file.infolist():
            content = RECORDS[info.filename.removeprefix("net/")]
            assert info.file_size == info.compress_size == len(content)
            assert info.flag_bits == 0x0800 | (0x0008 if content else 0)
            assert (info.create_system, info.create_version, info.extract_version, info.reserved) == (0, 0, 0, 0)
            assert (info.compress_type, info.volume, info.internal_attr, info.external_attr) == (zipfile.ZIP_STORED, 0, 0, 0)
            assert (info.comment, info.extra) == (b"", b"")
            assert info.date_time == (1980, 0, 0, 0, 0, 0)  # none: the same content gives the same bytes


def test_the_headers_before_the_contents() -> None:
    raw = _written()
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        for info in file.infolist():
            at = info.header_offset
            fields = struct.unpack_from("<4s5H3I2H", raw, at)
            name = info.filename.encode()
            assert fields[:9] == (b"PK\x03\x04", 0, info.flag_bits, 0, 0, 0, 0, 0, 0)  # sizes and checksum follow the content
            assert fields[9] == len(name)
            start = at + 30 + fields[9] + fields[10]
            assert start % ALIGNMENT == 0 and fields[10] < 4 + ALIGNMENT
            mark, length = raw[start - fields[10] :][:2], struct.unpack_from("<H", raw, start - fields[10] + 2)[0]
            assert (mark, length) == (b"FB", fields[10] - 4)
            assert raw[start - length : start] == b"Z" * length
            if info.file_size:
                behind = struct.unpack_from("<4s3I", raw, start + info.file_size)
                assert behind == (b"PK\x07\x08", info.CRC, info.file_size, info.file_size)


def test_the_end_of_the_directory() -> None:
    raw = _written()
    start, wide, place, end = (raw.index(mark) for mark in (b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"))
    assert struct.unpack_from("<4sQ2H2I4Q", raw, wide)[1:] == (44, 0x031E, 45, 0, 0, 4, 4, wide - start, start)
    assert struct.unpack_from("<4sIQI", raw, place)[1:] == (0, wide, 1)
    assert struct.unpack_from("<4s4H2IH", raw, end)[1:] == (0, 0, 4, 4, wide - start, start, 0)
    assert len(raw) == end + 22


@pytest.mark.skipif(sys.platform == "win32", reason="there a hole takes its room on the disk")
def test_records_beyond_four_gigabytes(tmp_path: Path) -> None:
    """A file with a hole: what is behind it has places that need eight bytes."""
    path = tmp_path / "large.zip"
    with open(path, "wb") as file:
        writer = ArchiveWriter(file, "net")
        writer.write("first", b"abc")
        file.seek(5 << 30)
        writer._position = 5 << 30
        writer.write("far", b"defg")
        writer.close()
    with zipfile.ZipFile(path) as archive:
        far = archive.getinfo("net/far")
        assert archive.read("net/far") == b"defg" and archive.read("net/first") == b"abc"
        assert (far.header_offset, far.extract_version, far.file_size) == (5 << 30, 45, 4)
        assert archive.getinfo("net/first").extract_version == 0
    assert path.stat().st_size < (5 << 30) + 1000


@pytest.mark.parametrize("size", [99, 100, 101])
def test_from_which_size_on_numbers_take_eight_bytes(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """With a border of a hundred bytes, for records of four gigabytes are too many for a test."""
    monkeypatch.setattr(archive_write, "_MAX32", 100)
    file = io.BytesIO()
    writer = ArchiveWriter(file, "n")
    writer.write("a", b"x" * size)
    writer.close()
    raw = file.getvalue()
    wide = size >= 100
    assert struct.unpack_from("<H", raw, 4) == (45 if wide else 0,)
    extra = struct.unpack_from("<H", raw, 28)[0]
    field = raw[30 + 3 : 30 + 3 + extra]
    assert field.startswith(struct.pack("<2H2Q", 1, 16, size, size)) == wide
    behind = raw[30 + 3 + extra + size :]
    layout = struct.Struct("<4sI2Q" if wide else "<4sI2I")
    assert layout.unpack_from(behind)[2:] == (size, size) and behind[layout.size :].startswith(b"PK\x01\x02")
    entry = struct.unpack_from("<4s6H3I5H2I", behind, layout.size)
    assert (entry[2], entry[8], entry[9], entry[11]) == ((45, 100, 100, 20) if wide else (0, 99, 99, 0))


def test_another_content_has_another_identity() -> None:
    def identity(**tensors: ac.Tensor) -> bytes:
        file = io.BytesIO()
        save(tensors, file)
        with zipfile.ZipFile(file) as archive:
            return archive.read(next(n for n in archive.namelist() if n.endswith("serialization_id")))

    first = identity(a=ac.ones(3))
    assert first == identity(a=ac.ones(3)) and len(first) == 40 and first.isdigit()
    assert len({first, identity(a=ac.zeros(3)), identity(b=ac.ones(3)), identity(a=ac.ones(4))}) == 4


def test_a_name_of_other_than_a_zip_can_hold() -> None:
    with pytest.raises(ValueError, match="longer than a zip file can hold"):
        ArchiveWriter(io.BytesIO(), "net").write("x" * 0x10000, b"")
