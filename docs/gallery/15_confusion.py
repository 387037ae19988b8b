"""What was taken for what

Rows are the true classes, shaded by their share of the row.
"""

from autograd_cnn import draw

counts = [[97, 1, 0, 2], [2, 89, 6, 3], [0, 4, 91, 5], [1, 2, 9, 88]]

figure = draw.confusion(counts, classes=["aeroplane", "bird", "cat", "dog"])
