"""What PyTorch reads and writes under names of its own."""
