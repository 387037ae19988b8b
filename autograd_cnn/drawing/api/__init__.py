"""The methods of `draw`, one class for each group of figures; `draw.py` puts them together."""
