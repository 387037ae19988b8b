"""Filters

`draw.filters` of a layer's weight. Kernels that see a colour picture are tiles in its colours, grey at zero; others have vermilion below
zero, blue above.
"""

import numpy as np

from autograd_cnn import draw

y, x = np.mgrid[-1:1:7j, -1:1:7j]
bump = np.exp(-2 * (x**2 + y**2))
waves = [np.cos(5 * (np.cos(a) * x + np.sin(a) * y)) * bump for a in np.arange(8) * np.pi / 8]
colours = np.random.default_rng(0).uniform(-1, 1, (8, 3, 1, 1))

figure = draw.filters({"in colour": colours * np.array(waves)[:, None], "one channel": np.array(waves)[:, None]})
