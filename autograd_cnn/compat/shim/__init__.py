"""What exists only for programs written against PyTorch: old spellings, and switches for devices that are not here."""
