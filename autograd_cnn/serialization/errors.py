"""What can be wrong with a file, in two exceptions."""

from __future__ import annotations


class FileFormatError(RuntimeError):
    """The file is not in the format it should have, or it is damaged. PyTorch raises RuntimeError here."""


class TruncatedFileError(FileFormatError, EOFError):
    """The file ends before its content does. PyTorch raises RuntimeError or EOFError here, so this is both."""
