"""Convolution, patches, resampling, sampling on grids."""
