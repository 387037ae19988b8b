"""The part of oneDNN's C API that is used here: numbers of its enumerations, and prototypes for ctypes.

Source: oneAPI Deep Neural Network Library, developer guide, C API of version 3 (dnnl_types.h, dnnl.h).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

BF16 = 2
F32 = 3
CPU = 1
IN_ORDER = 1
USER_SCRATCHPAD = 1
MAX_DIMS = 12

FORWARD_TRAINING = 64
BACKWARD = 128
BACKWARD_DATA = 160

CONVOLUTION_DIRECT = 0x1
ELTWISE_RELU = 0x20
ELTWISE_TANH = 0x21
ELTWISE_LINEAR = 0x26
ELTWISE_LOGISTIC = 0x29
ELTWISE_RELU_FROM_RESULT = 0x100
ELTWISE_TANH_FROM_RESULT = 0x101
ELTWISE_LOGISTIC_FROM_RESULT = 0x104
POOLING_MAX = 0x1FF
POOLING_AVG_INCLUDE = 0x2FF
POOLING_AVG_EXCLUDE = 0x3FF
SOFTMAX = 0x30000
SOFTMAX_LOG = 0x30001
BINARY_ADD = 0x1FFF0
BINARY_MAX = 0x1FFF2
BINARY_MUL = 0x1FFF1
BINARY_GREATER = 0x1FFF7

NORM_GIVEN = 1  # the statistics
NORM_SCALE = 2
NORM_SHIFT = 4

ANY = 1
ROW_MAJOR = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7}  # dims -> a, ab, abc, …
CHANNELS_LAST = {3: 15, 4: 22, 5: 33}  # dims -> acb, acdb, acdeb
BA, ACB = 14, 15  # matrices, and stacks of matrices, column by column

# what an argument of a primitive is
SRC, SRC_1, DST, WEIGHTS, BIAS = 1, 2, 17, 33, 41
MEAN, VARIANCE, SCALE, SHIFT, WORKSPACE, SCRATCHPAD = 49, 50, 51, 52, 64, 80
DIFF_SRC, DIFF_DST, DIFF_WEIGHTS, DIFF_BIAS, DIFF_SCALE, DIFF_SHIFT = 129, 145, 161, 169, 255, 256


def after(place: int) -> int:
    """The second operand of what is done after a primitive, at that place of the chain."""
    return 32768 * (place + 1) | SRC_1


def written(arguments: Sequence[int]) -> frozenset[int]:
    """Which of a primitive's arguments it writes to: the gradients of its inputs, if it is an adjoint, or what it makes of them.
    (Statistics are given to a normalisation.)"""
    adjoint = frozenset((DIFF_SRC, DIFF_WEIGHTS, DIFF_BIAS, DIFF_SCALE, DIFF_SHIFT)).intersection(arguments)
    return adjoint or frozenset((DST, WORKSPACE)).intersection(arguments)


# what a primitive descriptor can be asked for
IMPLEMENTATION = 8
SRC_MD, DIFF_SRC_MD, WEIGHTS_MD, DIFF_WEIGHTS_MD, DST_MD, DIFF_DST_MD, WORKSPACE_MD, SCRATCHPAD_MD = range(129, 137)

Pointer = ctypes.c_void_p
Dims = ctypes.c_int64 * MAX_DIMS


class Argument(ctypes.Structure):
    """dnnl_exec_arg_t"""

    _fields_ = (("arg", ctypes.c_int), ("memory", Pointer))


_P, _I, _F, _S = Pointer, ctypes.c_int, ctypes.c_float, ctypes.c_size_t
_OUT = ctypes.POINTER(Pointer)
_D = ctypes.POINTER(ctypes.c_int64)
_STATUS: dict[str, tuple[Any, ...]] = {
    "engine_create": (_OUT, _I, _S),
    "stream_create": (_OUT, _P, ctypes.c_uint),
    "memory_desc_create_with_tag": (_OUT, _I, _D, _I, _I),
    "memory_desc_destroy": (_P,),
    "memory_create": (_OUT, _P, _P, _P),
    "memory_set_data_handle": (_P, _P),
    "memory_destroy": (_P,),
    "primitive_attr_create": (_OUT,),
    "primitive_attr_set_scratchpad_mode": (_P, _I),
    "primitive_attr_destroy": (_P,),
    "primitive_attr_set_post_ops": (_P, _P),
    "post_ops_create": (_OUT,),
    "post_ops_append_eltwise": (_P, _I, _F, _F),
    "post_ops_append_binary": (_P, _I, _P),
    "post_ops_destroy": (_P,),
    "primitive_desc_query": (_P, _I, _I, _P),
    "primitive_desc_next_impl": (_P,),
    "primitive_desc_destroy": (_P,),
    "primitive_create": (_OUT, _P),
    "primitive_execute": (_P, _P, _I, ctypes.POINTER(Argument)),
    "primitive_destroy": (_P,),
    "reorder_primitive_desc_create": (_OUT, _P, _P, _P, _P, _P),
    "binary_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _P),
    "convolution_forward_primitive_desc_create": (_OUT, _P, _I, _I, _P, _P, _P, _P, _D, _D, _D, _D, _P),
    "convolution_backward_data_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _D, _D, _D, _D, _P, _P),
    "convolution_backward_weights_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _P, _D, _D, _D, _D, _P, _P),
    "eltwise_forward_primitive_desc_create": (_OUT, _P, _I, _I, _P, _P, _F, _F, _P),
    "eltwise_backward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _F, _F, _P, _P),
    "pooling_forward_primitive_desc_create": (_OUT, _P, _I, _I, _P, _P, _D, _D, _D, _D, _D, _P),
    "pooling_backward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _D, _D, _D, _D, _D, _P, _P),
    "batch_normalization_forward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _F, ctypes.c_uint, _P),
    "batch_normalization_backward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _F, ctypes.c_uint, _P, _P),
    "softmax_forward_primitive_desc_create": (_OUT, _P, _I, _I, _P, _P, _I, _P),
    "softmax_backward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _I, _P, _P),
    "layer_normalization_forward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _F, ctypes.c_uint, _P),
    "layer_normalization_backward_primitive_desc_create": (_OUT, _P, _I, _P, _P, _P, _P, _F, ctypes.c_uint, _P, _P),
    "matmul_primitive_desc_create": (_OUT, _P, _P, _P, _P, _P, _P),
}


class Version(ctypes.Structure):
    """dnnl_version_t"""

    _fields_ = (("major", _I), ("minor", _I), ("patch", _I), ("hash", ctypes.c_char_p), ("cpu", ctypes.c_uint), ("gpu", ctypes.c_uint))


class Api:
    """The functions of a loaded library, without their prefix."""

    def __init__(self, library: Any) -> None:
        for name, arguments in _STATUS.items():
            fn = getattr(library, f"dnnl_{name}")
            fn.argtypes, fn.restype = arguments, _I
            setattr(self, name, fn)
        self.query_md: Any = library.dnnl_primitive_desc_query_md
        self.query_md.argtypes, self.query_md.restype = (_P, _I, _I), _P
        self.md_size: Any = library.dnnl_memory_desc_get_size
        self.md_size.argtypes, self.md_size.restype = (_P,), _S
        self.md_equal: Any = library.dnnl_memory_desc_equal
        self.md_equal.argtypes, self.md_equal.restype = (_P, _P), _I
        library.dnnl_version.restype = ctypes.POINTER(Version)
        found = library.dnnl_version().contents
        self.version = (found.major, found.minor, found.patch)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"oneDNN's C API has no {name} among the functions used here")
