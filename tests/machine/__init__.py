"""The random-program machine: programs over tensors, run by the library in all its forms and by a twin in float64 NumPy."""
