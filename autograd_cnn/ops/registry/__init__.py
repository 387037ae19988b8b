"""What operations are written with: where they are public, dims, old forms of arguments."""
