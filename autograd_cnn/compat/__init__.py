"""Runs PyTorch programs unchanged: `torch` and `torchvision` stand for this library, inside `autograd-cnn run` only.

module_map    which module of ours answers for which of theirs
shim_module   the modules that stand for theirs, and what a missing name does
finder        the import hook that hands them out
shim          what exists only for programs written against PyTorch: old spellings, switches for devices
program       running a script or a module as Python would
scan          what a program would need, read from its source
profile       time and memory by operation and module
"""
