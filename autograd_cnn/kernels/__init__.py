"""Array in, array out. Knows no graph and no Tensor.

`reference` has the kernels in NumPy, `onednn` faster ones for some cases, `memory` what both work in. `layouts` says what whoever holds
values must know of backends, `environment` what computes here; `matmul` chooses between NumPy and oneDNN.

Every kernel takes arrays of any strides (views, broadcast, negative steps, no elements at all), leaves them untouched,
and returns new arrays of their dtype. Space has any number of dimensions: one code for signals, images and volumes.
"""
