"""Tensor's and Scalar's operators, in-place methods and attributes, written out, and how operations become methods."""
