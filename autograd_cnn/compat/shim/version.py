"""`torch.version`."""

__version__ = "2.13.0+cpu"
cuda = hip = git_version = None
debug = False
