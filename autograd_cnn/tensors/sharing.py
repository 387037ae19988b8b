"""Tensors in memory that several processes see: what one writes, all read.

The memory has no name (`memfd_create`, else a file that is deleted at once): nothing is left behind, whatever is killed. Processes that
are forked have it by themselves; to others it goes with `multiprocessing`, as an argument or through a queue: by reference, not as a copy.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from typing import Any

import numpy as np

from ..engine.node import Leaf
from ..engine.versions import carry
from ..ops.registry.expose import expose
from .tensor import Tensor


class SharedMemory(mmap.mmap):
    """Anonymous memory that other processes may map, too. It lives as long as an array stands on it."""

    file: int

    def __new__(cls, file: int, size: int) -> SharedMemory:
        made = super().__new__(cls, file, size)
        made.file = file
        weakref.finalize(made, os.close, file)
        return made

    @classmethod
    def of_size(cls, size: int) -> SharedMemory:
        """New memory, of zeros.

        Raises:
            RuntimeError: on Windows.
        """
        if sys.platform == "win32":
            raise RuntimeError(
                "share_memory_: Windows has no memory without a name. Send the values through a queue, or train in one process."
            )
        if hasattr(os, "memfd_create"):
            file = os.memfd_create("tensor")
        else:
            import tempfile

            with tempfile.TemporaryFile() as made:
                file = os.dup(made.fileno())
        os.ftruncate(file, size)
        return cls(file, size)


def memory_of(array: Any) -> SharedMemory | None:
    """The shared memory that an array stands on, if it does."""
    while array is not None and not isinstance(array, SharedMemory):
        array = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    return array


def is_seen_elsewhere(array: Any, held: int) -> bool:
    """Are there more than `held` references to an array, or more than one to one that it is a view of?"""
    if sys.getrefcount(array) > held + 2:  # and this function's argument, and getrefcount's
        return True
    base = array.base
    while base is not None:
        if sys.getrefcount(base) > 3 or not isinstance(base, np.ndarray):  # its view's, the name's here, getrefcount's
            return True
        base = base.base
    return False


@expose("method")
def share_memory_(self: Tensor) -> Tensor:
    """Move the tensor's values into memory that other processes see, in place: those that are forked from now on, and those to which it is
    sent by `multiprocessing`. What any of them writes, all read (Hogwild training, for one).

    A view, x.detach() or x.numpy() made before would keep the old memory: then it is refused.

    >>> import autograd_cnn as ac
    >>> x = ac.zeros(3).share_memory_()
    >>> x.is_shared()
    True

    Raises:
        RuntimeError: something else sees the tensor's memory; or the system has no such memory (Windows).

    Source: torch.Tensor.share_memory_; Niu et al., "Hogwild!", NeurIPS 2011.
    """
    if memory_of(self.storage()) is not None:
        return self
    leaf = self.node if isinstance(self.node, Leaf) else None
    if is_seen_elsewhere(self.value, 1 if leaf is None else 2):
        raise RuntimeError(
            f"share_memory_: something else sees the memory of this tensor of shape {list(self.shape)} (a view of it, x.detach(), x.numpy(), an array "
            "that it was made from, a graph), and would go on with the old one. Share a tensor before anything of that is made, or share x.clone()."
        )
    before = self.storage()
    self.value = shared_copy(before)
    carry(before, self.value)
    if leaf is not None:
        leaf.value = self.value
    return self


def shared_copy(array: Any) -> Any:
    """An array of the same values in shared memory."""
    made = np.ndarray(array.shape, array.dtype, SharedMemory.of_size(max(1, array.nbytes)))
    made[...] = array
    send_by_reference()
    return made


def send_by_reference() -> None:
    """From now on `multiprocessing` sends arrays in shared memory so; others it copies, as before."""
    from multiprocessing.reduction import ForkingPickler

    ForkingPickler.register(np.ndarray, _reduced)


@expose("method")
def is_shared(self: Tensor) -> bool:
    """Do other processes see the tensor's memory? Since `share_memory_`, or since it came from a process that shared it.

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).is_shared()
    False

    Source: torch.Tensor.is_shared.
    """
    return memory_of(self.storage()) is not None


def _reduced(array: Any) -> Any:
    """How an array is sent to another process: one in shared memory by a file descriptor, any other as NumPy does."""
    memory = memory_of(array)
    if memory is None:
        return array.__reduce_ex__(4)
    from multiprocessing.reduction import DupFd

    start = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    offset = array.__array_interface__["data"][0] - start
    return _received, (DupFd(memory.file), len(memory), array.dtype, array.shape, array.strides, offset)


def _received(file: Any, size: int, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    memory = SharedMemory(file.detach(), size)
    send_by_reference()
    return np.ndarray(shape, dtype, memory, offset, strides)
