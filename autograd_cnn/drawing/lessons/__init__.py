"""Figures of the lecture: networks, volumes, sliding windows, receptive fields."""
