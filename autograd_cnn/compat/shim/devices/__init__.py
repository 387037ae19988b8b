"""`torch.cuda` and its kin, where there is none."""
