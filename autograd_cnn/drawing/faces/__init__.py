"""The methods of `draw`, one class for each group of figures; `face.py` puts them together."""
