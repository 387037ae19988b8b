"""The same in German, for print

`draw.using` sets defaults for all figures of a lecture or a paper: the language, the theme, the decimals.
"""

from autograd_cnn import Scalar, draw

draw = draw.using(lang="de", theme="print", precision=3)
x, w, b = Scalar(0.5, "x"), Scalar(-3, "w"), Scalar(1, "b")

figure = draw((w * x + b).tanh(), backward=True)
