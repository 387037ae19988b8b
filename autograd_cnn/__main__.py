"""`python -m autograd_cnn`: the command line."""

import sys

from .cli import main

sys.exit(main())
