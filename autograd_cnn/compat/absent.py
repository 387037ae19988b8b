"""Names of `torch` that this library does not have: where they are, and what to use instead."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from . import module_map

_INSTEAD = {
    "accelerator": "Everything is computed on the CPU.",
    "amp": "Everything is computed in the dtype of the tensors: leave autocast and GradScaler out.",
    "autocast": "Everything is computed in the dtype of the tensors: leave it out.",
    "backends": "use_backend('onednn' or 'numpy') chooses the kernels, show_config() tells what is there.",
    "cuda": "Everything is computed on the CPU: leave .cuda(), .to('cuda') and device='cuda' out.",
    "export": "save(net.state_dict(), path) keeps the weights, trace(net, x) gives the graph.",
    "fft": "numpy.fft computes on x.numpy(), without a gradient; nn.functional.conv1d and conv2d convolve.",
    "func": "autograd.functional has vjp, jvp, jacobian, hessian; autograd.grad takes any inputs.",
    "fx": "trace(net, x) gives the graph.",
    "jit": "A module runs as it is: leave script and trace out. autograd_cnn.trace(net, x) gives the graph.",
    "mps": "Everything is computed on the CPU.",
    "multiprocessing": "Python's own multiprocessing does; utils.data.DataLoader(num_workers=…) has workers.",
    "profiler": "`autograd-cnn run --profile PROGRAM.py` gives the time of every operation and module.",
    "quantization": "Weights are kept in their dtype.",
    "sparse": "Tensors are dense.",
    "special": "The functions stand at the top: erf, xlogy, sinc, …",
    "version": "__version__ is this library's own.",
    "vmap": "Operations take batches; autograd.functional.jacobian(vectorize=True) takes them all at once.",
    "xpu": "Everything is computed on the CPU.",
}


def hint(name: str) -> str:
    """What closes the message about `autograd_cnn.NAME`, if `torch.NAME` is known; nothing otherwise."""
    said = [_INSTEAD[name]] if name in _INSTEAD else []
    if find_spec(f"{module_map.OURS}.{name}") is not None and name in _ROOMS:
        return f" It is a module of its own: import {module_map.OURS}.{name}."
    if module_map.sources(f"torch.{name}") or module_map.submodules(f"torch.{name}") or _has_face(name):
        said.append(f"Under `autograd-cnn run PROGRAM.py`, which runs programs written for PyTorch as they are, torch.{name} exists.")
    return "".join(f" {sentence}" for sentence in said)


_ROOMS = ("random", "compat")


def _has_face(name: str) -> bool:
    shims = [source for source in module_map.sources("torch") or () if source != module_map.OURS]
    return not name.startswith("_") and any(name in getattr(module, "__all__", vars(module)) for module in map(import_module, shims))
