"""One step of the backward pass

`draw.steps` gives a frame for each operation, forward and then backward, with its arithmetic; saved as files, as one SVG stepped
by links, as an animation or as a page with a slider. This is one of the frames.
"""

from autograd_cnn import Scalar, draw

x, y, z = Scalar(-2, "x"), Scalar(5, "y"), Scalar(-4, "z")
frames = draw.steps((x + y) * z)

figure = frames[-1]
