"""Storages and views of them: where the bytes of tensors come from and go to."""
