"""The layers: thin modules over the operations of `nn.functional`."""
