"""Array in, array out: the NumPy reference of convolution, pooling and normalisation. Knows no graph and no Tensor.

Every kernel takes arrays of any strides (views, broadcast, negative steps, no elements at all), leaves them untouched,
and returns new arrays of their dtype. Space has any number of dimensions: one code for signals, images and volumes.
"""
