"""Circuits of numbers, as the lecture draws a neuron by hand."""
