"""`python -m autograd_cnn`: the command line."""

import sys

from .cli.main import main

sys.exit(main())
