"""oneDNN's kernels for float32, through its C API (version 3).

Each file is one family: arrays in, arrays out, or `NotImplemented` where NumPy's kernel shall run (another dtype, a small case,
no library). Activations are `ChannelsLast` arrays, which is how oneDNN likes them best; see `kernels/onednn/channels_last.py`.
"""
