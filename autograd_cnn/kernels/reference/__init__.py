"""The reference: kernels in plain NumPy, which run anywhere and say what every other backend must give."""
