"""Layers with the arguments programs give them, and the inputs to try them on: the table that `test_layers.py` runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ints:
    """Whole numbers from [low, high)."""

    shape: Any
    high: int
    low: int = 0


@dataclass(frozen=True)
class Within:
    """Numbers within (low, high)."""

    shape: Any
    low: float
    high: float
    grad: bool = False


@dataclass(frozen=True)
class Signs:
    """−1 and 1."""

    shape: Any


def draw(spec: Any, dtype: Any, seed: int) -> tuple[Any, bool]:
    """The array a spec speaks of, and whether it takes a gradient. A plain shape: distinct numbers around 0."""
    rng = np.random.default_rng(seed)
    if isinstance(spec, Ints):
        return rng.integers(spec.low, spec.high, spec.shape), False
    if isinstance(spec, Within):
        return rng.uniform(spec.low, spec.high, spec.shape).astype(dtype), spec.grad
    if isinstance(spec, Signs):
        return np.where(rng.random(spec.shape) < 0.5, -1, 1).astype(dtype), False
    n = int(np.prod(spec))
    return ((rng.permutation(n) - n / 2 + 0.25) * (4 / max(n, 1))).reshape(spec).astype(dtype), True


IMAGE, SIGNAL, VOLUME = (2, 4, 7, 6), (2, 4, 9), (2, 4, 5, 4, 6)
UNBATCHED = (4, 7, 6)

CONV = [
    ("Conv1d(4, 6, 3)", SIGNAL),
    ("Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2)", SIGNAL),
    ("Conv1d(4, 6, 4, padding='same', bias=False)", SIGNAL),
    ("Conv1d(4, 4, 3, padding=2, padding_mode='reflect')", SIGNAL[1:]),
    ("Conv2d(4, 6, 3)", IMAGE),
    ("Conv2d(4, 6, 3)", UNBATCHED),
    ("Conv2d(4, 6, (3, 2), (2, 1), (1, 2), groups=2)", IMAGE),
    ("Conv2d(4, 8, 3, padding=1, groups=4, bias=False)", IMAGE),
    ("Conv2d(4, 6, 3, dilation=2, padding='same')", IMAGE),
    ("Conv2d(4, 6, (4, 2), padding='same')", IMAGE),
    ("Conv2d(4, 6, 3, padding='valid')", IMAGE),
    ("Conv2d(4, 6, 1, stride=2)", IMAGE),
    ("Conv2d(4, 6, 3, padding=(1, 2), padding_mode='circular')", IMAGE),
    ("Conv2d(4, 6, 3, padding=2, padding_mode='replicate')", IMAGE),
    ("Conv2d(4, 6, 3, padding=2, padding_mode='reflect')", UNBATCHED),
    ("Conv2d(4, 6, (2, 4), padding='same', padding_mode='circular')", IMAGE),
    ("Conv3d(4, 6, 3, padding=1)", VOLUME),
    ("Conv3d(4, 4, (1, 2, 3), stride=(1, 2, 1), groups=2, bias=False)", VOLUME[1:]),
    ("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)", SIGNAL),
    ("ConvTranspose1d(4, 6, 3, dilation=2, groups=2)", SIGNAL[1:]),
    ("ConvTranspose2d(4, 6, 3)", IMAGE),
    ("ConvTranspose2d(4, 6, (4, 2), 2, (1, 0), bias=False)", IMAGE),
    ("ConvTranspose2d(4, 8, 3, stride=(2, 3), padding=1, output_padding=(1, 2), groups=2, dilation=2)", UNBATCHED),
    ("ConvTranspose3d(4, 6, 2, stride=2)", VOLUME),
]
POOL = [
    ("MaxPool1d(2)", SIGNAL),
    ("MaxPool1d(3, 2, 1, dilation=2, ceil_mode=True)", SIGNAL),
    ("MaxPool1d(3, return_indices=True)", SIGNAL[1:]),
    ("MaxPool2d(2)", IMAGE),
    ("MaxPool2d(3, stride=2, padding=1)", IMAGE),
    ("MaxPool2d((3, 2), stride=(2, 1), ceil_mode=True)", UNBATCHED),
    ("MaxPool2d(2, dilation=(2, 3), return_indices=True)", IMAGE),
    ("MaxPool2d(3, stride=2, ceil_mode=True)", IMAGE),
    ("MaxPool3d(2)", VOLUME),
    ("MaxPool3d((1, 2, 3), stride=1, padding=(0, 1, 1), return_indices=True)", VOLUME[1:]),
    ("AvgPool1d(2)", SIGNAL),
    ("AvgPool1d(3, 2, 1, ceil_mode=True, count_include_pad=False)", SIGNAL[1:]),
    ("AvgPool2d(2)", IMAGE),
    ("AvgPool2d(3, 2, 1)", IMAGE),
    ("AvgPool2d(3, 2, 1, count_include_pad=False)", IMAGE),
    ("AvgPool2d((2, 3), divisor_override=5)", UNBATCHED),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True)", IMAGE),
    ("AvgPool3d(2)", VOLUME),
    ("AvgPool3d(3, 2, 1, True, False)", VOLUME[1:]),
    ("LPPool1d(2, 3)", SIGNAL),
    ("LPPool2d(2, 2, stride=1)", IMAGE),
    ("LPPool2d(1.2, (3, 2), ceil_mode=True)", Within(IMAGE, 0.5, 2, True)),
    ("LPPool3d(2, 2)", VOLUME),
    ("AdaptiveAvgPool1d(4)", SIGNAL),
    ("AdaptiveAvgPool2d(1)", IMAGE),
    ("AdaptiveAvgPool2d((3, None))", IMAGE),
    ("AdaptiveAvgPool2d((9, 4))", UNBATCHED),
    ("AdaptiveAvgPool3d((2, 3, 1))", VOLUME),
    ("AdaptiveMaxPool1d(4, return_indices=True)", SIGNAL),
    ("AdaptiveMaxPool2d((3, 5))", IMAGE),
    ("AdaptiveMaxPool2d((None, 2), return_indices=True)", UNBATCHED),
    ("AdaptiveMaxPool3d(2)", VOLUME),
    ("MaxUnpool1d(2)", (1, 1, 3), np.array([[[1, 2, 5]]])),
    ("MaxUnpool2d((2, 3), stride=2)", (1, 1, 2, 2), np.array([[[[0, 3], [11, 13]]]])),
    ("MaxUnpool3d(2)", (1, 1, 1, 2, 1), np.array([[[[[1], [6]]]]])),
]
NORM = [
    ("BatchNorm1d(4)", SIGNAL),
    ("BatchNorm1d(4)", (5, 4)),
    ("BatchNorm2d(4)", IMAGE),
    ("BatchNorm2d(4, eps=1e-3, momentum=0.3)", IMAGE),
    ("BatchNorm2d(4, momentum=None)", IMAGE),
    ("BatchNorm2d(4, affine=False)", IMAGE),
    ("BatchNorm2d(4, track_running_stats=False)", IMAGE),
    ("BatchNorm3d(4)", VOLUME),
    ("InstanceNorm1d(4)", SIGNAL),
    ("InstanceNorm1d(4)", SIGNAL[1:]),
    ("InstanceNorm2d(4, affine=True)", IMAGE),
    ("InstanceNorm2d(4, affine=True, track_running_stats=True)", IMAGE),
    ("InstanceNorm2d(4, track_running_stats=True, momentum=0.5)", UNBATCHED),
    ("InstanceNorm3d(4)", VOLUME),
    ("LayerNorm(6)", IMAGE),
    ("LayerNorm((7, 6), eps=1e-3)", IMAGE),
    ("LayerNorm([4, 7, 6], elementwise_affine=False)", IMAGE),
    ("LayerNorm(6, bias=False)", UNBATCHED),
    ("GroupNorm(2, 4)", IMAGE),
    ("GroupNorm(4, 4, affine=False)", SIGNAL),
    ("GroupNorm(1, 4)", (3, 4)),
    ("RMSNorm(6)", IMAGE),
    ("RMSNorm((7, 6), eps=1e-3)", IMAGE),
    ("RMSNorm(6, elementwise_affine=False)", IMAGE),
    ("LocalResponseNorm(2)", IMAGE),
    ("LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0)", IMAGE),
    ("LocalResponseNorm(5)", SIGNAL),
]
DROPOUT = [
    ("Dropout(0.3)", IMAGE),
    ("Dropout(0.0)", IMAGE),
    ("Dropout(1.0)", IMAGE),
    ("Dropout1d(0.3)", SIGNAL),
    ("Dropout1d(0.3)", SIGNAL[1:]),
    ("Dropout2d(0.3)", IMAGE),
    ("Dropout2d(0.6)", UNBATCHED),
    ("Dropout3d(0.3)", VOLUME),
    ("AlphaDropout(0.3)", IMAGE),
    ("FeatureAlphaDropout(0.3)", IMAGE),
    ("Dropout(0.5)", (300,)),
]
ACTIVATION = [
    (f"{name}()", (3, 5))
    for name in (
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "RReLU",
        "ELU",
        "CELU",
        "SELU",
        "SiLU",
        "Mish",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
        "GELU",
        "Softplus",
        "Softshrink",
        "Hardshrink",
        "Tanhshrink",
        "Softsign",
        "Tanh",
        "Sigmoid",
        "LogSigmoid",
        "PReLU",
    )
] + [
    ("LeakyReLU(0.2)", (3, 5)),
    ("ELU(alpha=0.5)", (3, 5)),
    ("CELU(2.0)", (3, 5)),
    ("Hardtanh(-0.5, 2.0)", (3, 5)),
    ("Threshold(0.3, -1.0)", (3, 5)),
    ("GELU(approximate='tanh')", (3, 5)),
    ("Softplus(beta=2, threshold=1)", (3, 5)),
    ("Softshrink(0.2)", (3, 5)),
    ("Hardshrink(0.2)", (3, 5)),
    ("RReLU(0.1, 0.9)", (3, 5)),
    ("PReLU(4, init=0.1)", IMAGE),
    ("Softmax(dim=1)", IMAGE),
    ("Softmax(-1)", (3, 5)),
    ("LogSoftmax(dim=1)", IMAGE),
    ("Softmin(dim=0)", (3, 5)),
    ("Softmax2d()", IMAGE),
    ("Softmax2d()", UNBATCHED),
    ("GLU()", (3, 4)),
    ("GLU(dim=1)", IMAGE),
]
ATTENTION = [
    ("MultiheadAttention(8, 2)", (5, 2, 8), (4, 2, 8), (4, 2, 8)),
    ("MultiheadAttention(8, 4, batch_first=True, bias=False)", *((2, 5, 8),) * 3),
    ("MultiheadAttention(8, 2, kdim=3, vdim=5)", (5, 2, 8), (4, 2, 3), (4, 2, 5)),
    ("MultiheadAttention(8, 2)", (5, 8), (4, 8), (4, 8)),
    ("MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True)", *((5, 2, 8),) * 3),
    ("MultiheadAttention(8, 2, dropout=0.3)", *((5, 2, 8),) * 3),
    ("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), np.array([[False, False, True], [False, True, False]])),
    ("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), None, True, np.tri(3, dtype=bool).T ^ np.eye(3, dtype=bool), False),
    ("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), None, False, np.tri(3, dtype=bool).T ^ np.eye(3, dtype=bool)),
    ("MultiheadAttention(8, 2, dropout=0.3, batch_first=True)", *((5, 2, 8),) * 3, None, False),
    ("TransformerEncoderLayer(8, 2, 16)", (5, 2, 8)),
    ("TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)", (5, 2, 8)),
    ("TransformerEncoderLayer(8, 4, 16, 0.0, 'gelu', bias=False)", (5, 8)),
    ("TransformerDecoderLayer(8, 2, 16)", (4, 2, 8), (5, 2, 8)),
    ("TransformerDecoderLayer(8, 2, 16, norm_first=True, batch_first=True)", (4, 2, 8), (4, 3, 8)),
    ("Transformer(8, 2, 2, 2, 16)", (5, 2, 8), (4, 2, 8)),
    ("Transformer(8, 2, 1, 1, 16, batch_first=True)", (2, 5, 8), (2, 4, 8)),
]
LINEAR = [
    ("Linear(5, 3)", (2, 5)),
    ("Linear(5, 3, bias=False)", (5,)),
    ("Linear(5, 3)", (2, 4, 5)),
    ("Bilinear(3, 4, 5)", (2, 3), (2, 4)),
    ("Bilinear(3, 4, 5, bias=False)", (3,), (4,)),
    ("Identity()", (2, 3)),
    ("Identity(54, unused=True)", (2, 3)),
    ("Flatten()", IMAGE),
    ("Flatten(0, 1)", IMAGE),
    ("Unflatten(1, (2, 2))", IMAGE),
    ("Unflatten(-1, [3, -1])", IMAGE),
]
SHAPE = [
    (f"{kind}Pad{d}d({p})", x)
    for kind in ("Reflection", "Replication", "Circular", "Zero")
    for d, x, ps in ((1, SIGNAL, (2, (1, 3))), (2, IMAGE, (2, (1, 0, 2, 3))), (3, VOLUME, (1, (1, 2, 0, 1, 2, 1))))
    for p in ps
] + [
    ("ConstantPad1d(2, 3.5)", SIGNAL),
    ("ConstantPad2d((1, -2, 0, 3), -1.0)", UNBATCHED),
    ("ConstantPad3d(1, 2.0)", VOLUME),
    ("ZeroPad2d(-1)", IMAGE),
    ("Upsample(scale_factor=2)", IMAGE),
    ("Upsample(size=(9, 5), mode='bilinear')", IMAGE),
    ("Upsample(scale_factor=(1.5, 2), mode='bicubic')", IMAGE),
    ("Upsample(13, mode='linear', align_corners=True)", SIGNAL),
    ("Upsample(scale_factor=2, mode='trilinear')", VOLUME),
    ("Upsample(scale_factor=1.7, recompute_scale_factor=True)", IMAGE),
    ("UpsamplingNearest2d(scale_factor=3)", IMAGE),
    ("UpsamplingBilinear2d(size=9)", IMAGE),
    ("UpsamplingBilinear2d(scale_factor=2)", IMAGE),
    ("PixelShuffle(2)", IMAGE),
    ("PixelShuffle(2)", UNBATCHED),
    ("PixelUnshuffle(3)", (1, 2, 6, 3)),
    ("ChannelShuffle(2)", IMAGE),
    ("Unfold(3)", IMAGE),
    ("Unfold((2, 3), dilation=2, padding=1, stride=2)", IMAGE),
    ("Fold((4, 5), (2, 3))", (2, 12, 9)),
    ("Fold(4, 2, stride=2)", (8, 4)),
]
SPARSE = [
    ("Embedding(7, 3)", Ints((2, 5), 7)),
    ("Embedding(7, 3, padding_idx=0)", Ints((2, 5), 7)),
    ("Embedding(7, 3, padding_idx=-2)", Ints((20,), 7)),
    ("Embedding(7, 3, scale_grad_by_freq=True)", Ints((20,), 7)),
    ("Embedding(7, 3, max_norm=1.0)", Ints((4,), 7)),
    ("EmbeddingBag(7, 3)", Ints((2, 5), 7)),
    ("EmbeddingBag(7, 3, mode='sum')", Ints((6,), 7), np.array([0, 2, 2])),
    ("EmbeddingBag(7, 3, mode='max')", Ints((6,), 7), np.array([0, 2])),
    ("EmbeddingBag(7, 3, mode='max')", Ints((2, 5), 7)),
    ("EmbeddingBag(7, 3, include_last_offset=True)", Ints((6,), 7), np.array([0, 2, 6])),
    ("EmbeddingBag(7, 3, padding_idx=3)", Ints((4, 5), 7)),
]
RNN = [
    ("RNN(3, 4)", (5, 2, 3)),
    ("RNN(3, 4, 2, nonlinearity='relu', bias=False)", (5, 2, 3)),
    ("RNN(3, 4, bidirectional=True, batch_first=True)", (2, 5, 3)),
    ("LSTM(3, 4)", (5, 2, 3)),
    ("LSTM(3, 4)", (5, 3)),
    ("LSTM(3, 4, 2, bidirectional=True)", (5, 2, 3)),
    ("LSTM(3, 4, batch_first=True, bias=False)", (2, 5, 3)),
    ("LSTM(3, 4, proj_size=2)", (5, 2, 3)),
    ("LSTM(3, 4, 3, dropout=0.4)", (5, 2, 3)),
    ("LSTM(3, 4, 2, proj_size=2, bidirectional=True)", (5, 3)),
    ("GRU(3, 4)", (5, 2, 3)),
    ("GRU(3, 4, 2, bidirectional=True, dropout=0.2)", (5, 2, 3)),
    ("GRU(3, 4, batch_first=True)", (2, 5, 3)),
    ("GRU(3, 4)", (1, 3)),
    ("GRU(3, 4)", (5, 2, 3), (1, 2, 4)),
    ("RNN(3, 4)", (5, 3), (1, 4)),
    ("RNNCell(3, 4)", (2, 3)),
    ("RNNCell(3, 4, nonlinearity='relu')", (2, 3), (2, 4)),
    ("LSTMCell(3, 4)", (2, 3)),
    ("LSTMCell(3, 4, bias=False)", (3,)),
    ("GRUCell(3, 4)", (2, 3)),
    ("GRUCell(3, 4, bias=False)", (3,), (4,)),
]
_LOGITS, _CLASS = (6, 4), Ints((6,), 4)
_IN, _PROB = Within((6, 4), 0.1, 0.9, True), Within((6, 4), 0.0, 1.0)
LOSS = [
    (f"{name}({r})", *args)
    for name, args in {
        "MSELoss": ((3, 4), (3, 4)),
        "L1Loss": ((3, 4), (3, 4)),
        "SmoothL1Loss": ((3, 4), (3, 4)),
        "HuberLoss": ((3, 4), (3, 4)),
        "CrossEntropyLoss": (_LOGITS, _CLASS),
        "NLLLoss": (_LOGITS, _CLASS),
        "BCELoss": (_IN, _PROB),
        "BCEWithLogitsLoss": (_LOGITS, _PROB),
        "KLDivLoss": (_LOGITS, _PROB),
        "PoissonNLLLoss": (_LOGITS, _PROB),
        "SoftMarginLoss": (_LOGITS, Signs(_LOGITS)),
        "HingeEmbeddingLoss": (_LOGITS, Signs(_LOGITS)),
        "MultiLabelSoftMarginLoss": (_LOGITS, Ints(_LOGITS, 2)),
        "MultiMarginLoss": (_LOGITS, _CLASS),
        "MultiLabelMarginLoss": ((2, 4), np.array([[3, 0, -1, 1], [2, -1, 0, 0]])),
        "MarginRankingLoss": ((6,), (6,), Signs((6,))),
        "CosineEmbeddingLoss": (_LOGITS, (6, 4), Signs((6,))),
        "TripletMarginLoss": (_LOGITS, (6, 4), (6, 4)),
        "TripletMarginWithDistanceLoss": (_LOGITS, (6, 4), (6, 4)),
        "GaussianNLLLoss": (_LOGITS, _PROB, Within((6, 4), 0.1, 1, True)),
    }.items()
    for r in ("", "reduction='none'", "reduction='sum'")
] + [
    ("CrossEntropyLoss(label_smoothing=0.1)", _LOGITS, _CLASS),
    ("CrossEntropyLoss(ignore_index=2)", _LOGITS, _CLASS),
    ("CrossEntropyLoss()", (2, 4, 3, 3), Ints((2, 3, 3), 4)),
    ("CrossEntropyLoss()", (4,), Ints((), 4)),
    ("CrossEntropyLoss()", _LOGITS, _PROB),
    ("SmoothL1Loss(beta=0.3)", (3, 4), (3, 4)),
    ("HuberLoss(delta=0.3)", (3, 4), (3, 4)),
    ("PoissonNLLLoss(log_input=False, full=True)", _IN, _PROB),
    ("KLDivLoss(reduction='batchmean', log_target=True)", _LOGITS, (6, 4)),
    ("MultiMarginLoss(p=2, margin=0.5)", _LOGITS, _CLASS),
    ("TripletMarginLoss(margin=0.5, p=1, swap=True)", _LOGITS, (6, 4), (6, 4)),
    ("CosineEmbeddingLoss(margin=0.3)", _LOGITS, (6, 4), Signs((6,))),
    ("GaussianNLLLoss(full=True)", _LOGITS, _PROB, Within((6, 4), 0.1, 1, True)),
    ("CosineSimilarity(dim=1)", _LOGITS, (6, 4)),
    ("CosineSimilarity(dim=0, eps=1e-3)", _LOGITS, (6, 4)),
    ("PairwiseDistance()", _LOGITS, (6, 4)),
    ("PairwiseDistance(p=1, keepdim=True)", _LOGITS, (6, 4)),
]
MODULES = [
    ("Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))", (5, 3)),
    ("Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.Tanh())", IMAGE),
    ("DataParallel(nn.Linear(3, 4))", (5, 3)),
]
TABLE = [*CONV, *POOL, *NORM, *DROPOUT, *ACTIVATION, *ATTENTION, *LINEAR, *SHAPE, *SPARSE, *RNN, *LOSS, *MODULES]
