"""Fetching and unpacking, under the names that programs import from `torchvision.datasets.utils`."""

from __future__ import annotations

from pathlib import Path

from .base import is_whole, md5_of
from .download import fetch, unpack

__all__ = [
    "calculate_md5",
    "check_integrity",
    "check_md5",
    "download_and_extract_archive",
    "download_url",
    "extract_archive",
    "list_dir",
    "list_files",
]


def calculate_md5(fpath: str | Path) -> str:
    """The file's MD5, in hexadecimal."""
    return md5_of(Path(fpath))


def check_md5(fpath: str | Path, md5: str) -> bool:
    """Has the file this MD5?"""
    return md5 == calculate_md5(fpath)


def check_integrity(fpath: str | Path, md5: str | None = None) -> bool:
    """Is the file there, with this MD5 (if one is given)?"""
    return is_whole(Path(fpath), md5)


def download_url(url: str, root: str | Path, filename: str | None = None, md5: str | None = None) -> None:
    """Fetch a file into a folder, unless it is there.

    Raises:
        RuntimeError: it could not be fetched, or is another file; says where to put it.
    """
    fetch([url], Path(root).expanduser(), filename, md5)


def extract_archive(from_path: str | Path, to_path: str | Path | None = None, remove_finished: bool = False) -> str:
    """Unpack a tar, zip or gzip file beside itself or into a folder, which is returned.

    Raises:
        RuntimeError: the archive is damaged, or would write elsewhere.
    """
    folder = Path(to_path) if to_path is not None else Path(from_path).parent
    unpack(from_path, folder)
    if remove_finished:
        Path(from_path).unlink()
    return str(folder)


def download_and_extract_archive(
    url: str,
    download_root: str | Path,
    extract_root: str | Path | None = None,
    filename: str | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """`download_url`, then `extract_archive`."""
    archive = fetch([url], Path(download_root).expanduser(), filename, md5)
    extract_archive(archive, extract_root if extract_root is not None else Path(download_root).expanduser(), remove_finished)


def list_dir(root: str | Path, prefix: bool = False) -> list[str]:
    """The folders in a folder; with `prefix`, their paths."""
    found = sorted(p.name for p in Path(root).expanduser().iterdir() if p.is_dir())
    return [str(Path(root).expanduser() / name) for name in found] if prefix else found


def list_files(root: str | Path, suffix: str | tuple[str, ...], prefix: bool = False) -> list[str]:
    """The files in a folder whose names end so; with `prefix`, their paths."""
    found = sorted(p.name for p in Path(root).expanduser().iterdir() if p.is_file() and p.name.endswith(suffix))
    return [str(Path(root).expanduser() / name) for name in found] if prefix else found
