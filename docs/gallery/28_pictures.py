"""Pictures in rows

What went in, what came out: all over one range of values.
"""

import numpy as np

from autograd_cnn import draw, tensor
from autograd_cnn.nn import functional as F

bars = np.stack([np.outer(np.hanning(8), np.arange(8) == k) for k in range(1, 7)])
smooth = F.avg_pool2d(tensor(bars)[:, None], 3, stride=1, padding=1)

figure = draw.pictures({"input": bars, "smoothed": smooth})
