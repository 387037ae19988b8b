"""Tensor and Scalar: what a value is, its methods, in-place writes, gradients, creation, sampling, printing."""
