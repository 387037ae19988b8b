"""A table of what was measured

Words to the left, numbers below each other at their decimal marks, in the language of the figures: whole numbers, shares, a mean with its
deviation. `draw.sentence` writes numbers into a line of text in the same way.
"""

from autograd_cnn import draw

found = {
    ("from scratch", False): (1, 0.697, (0.704, 0.088)),
    ("from scratch", True): (1, 0.681, (0.648, 0.088)),
    ("fine-tuned", False): (10_000, 0.687, (0.69, 0.031)),
    ("fine-tuned", True): (10_000, 0.686, (0.692, 0.037)),
}

head = ("training", "augmented", "seen before", "best", "mean of five")
line = draw.sentence("accuracy on {:,} pictures, {:.1%} of all", 1797, 0.2)
figure = draw.rows(found, head, ("", "", ",", ".1%", ".3f"), subtitle=line)
