"""The two containers of checkpoints: zip archives and the old stream."""
