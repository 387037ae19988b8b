"""Which modules answer for the names of `torch` and `torchvision`."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

ROOTS = ("torch", "torchvision")
OURS = __name__.partition(".")[0]
_SHIM = f"{OURS}.compat.shim"

# Their module: ours, asked in this order. A face comes first where PyTorch has more to say than we do.
_SOURCES: dict[str, tuple[str, ...]] = {
    "torch": (
        f"{_SHIM}.out",
        f"{_SHIM}.files.loading",
        f"{_SHIM}.top",
        f"{_SHIM}.legacy",
        f"{_SHIM}.devices.amp",
        f"{_SHIM}.files.storages",
        OURS,
        f"{_SHIM}.sparse",
    ),
    "torch._C": (f"{_SHIM}.native",),
    "torch._six": (f"{_SHIM}.six",),
    "torch._utils": (f"{_SHIM}.files.storages",),
    "torch.accelerator": (f"{_SHIM}.devices.accelerator",),
    "torch.amp": (f"{_SHIM}.devices.amp",),
    "torch.autograd": (f"{_SHIM}.autograd", f"{OURS}.autograd"),
    "torch.autograd.gradcheck": (f"{OURS}.testing",),
    "torch.autograd.profiler": (f"{_SHIM}.profiler",),
    "torch.backends": (),
    "torch.backends.cuda": (f"{_SHIM}.backends.cuda",),
    "torch.backends.cudnn": (f"{_SHIM}.backends.cudnn",),
    "torch.backends.mkl": (f"{_SHIM}.backends.cpu",),
    "torch.backends.mkldnn": (f"{_SHIM}.backends.cpu",),
    "torch.backends.mps": (f"{_SHIM}.backends.mps",),
    "torch.backends.nnpack": (f"{_SHIM}.backends.cpu",),
    "torch.backends.openmp": (f"{_SHIM}.backends.cpu",),
    "torch.compiler": (f"{_SHIM}.compiler",),
    "torch.cuda": (f"{_SHIM}.devices.cuda", f"{_SHIM}.devices.cuda_types"),
    "torch.cuda.amp": (f"{_SHIM}.devices.cuda_amp", f"{_SHIM}.devices.amp"),
    "torch.cuda.random": (f"{_SHIM}.devices.cuda",),
    "torch.distributed": (f"{OURS}.distributed",),
    "torch.distributed.algorithms": (),
    "torch.distributed.algorithms.ddp_comm_hooks": (f"{OURS}.distributed.algorithms.ddp_comm_hooks",),
    "torch.distributed.algorithms.ddp_comm_hooks.default_hooks": (f"{OURS}.distributed.algorithms.ddp_comm_hooks.default_hooks",),
    "torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook": (f"{OURS}.distributed.algorithms.ddp_comm_hooks.powerSGD_hook",),
    "torch.distributed.distributed_c10d": (f"{OURS}.distributed",),
    "torch.distributed.elastic": (),
    "torch.distributed.elastic.multiprocessing": (f"{_SHIM}.elastic_errors",),
    "torch.distributed.elastic.multiprocessing.errors": (f"{_SHIM}.elastic_errors",),
    "torch.distributed.optim": (f"{OURS}.optim",),
    "torch.distributions": (f"{OURS}.distributions",),
    "torch.functional": (OURS,),
    "torch.hub": (f"{OURS}.serialization.hub",),
    "torch.jit": (f"{_SHIM}.jit",),
    "torch.linalg": (f"{OURS}.linalg",),
    "torch.mps": (f"{_SHIM}.devices.mps",),
    "torch.multiprocessing": (f"{_SHIM}.multiprocessing",),
    "torch.nn": (f"{OURS}.nn", f"{_SHIM}.nn"),
    "torch.onnx": (f"{OURS}.onnx",),
    "torch.profiler": (f"{_SHIM}.profiler",),
    "torch.random": (f"{OURS}.tensors.sampling", f"{OURS}.random"),
    "torch.serialization": (f"{_SHIM}.files.loading", f"{OURS}.serialization"),
    "torch.sparse": (f"{_SHIM}.sparse",),
    "torch.special": (OURS,),
    "torch.storage": (f"{_SHIM}.files.storages",),
    "torch.testing": (f"{_SHIM}.testing", f"{OURS}.testing"),
    "torch.types": (f"{_SHIM}.types",),
    "torch.utils": (f"{OURS}.utils",),
    "torch.utils.checkpoint": (f"{OURS}.utils.checkpoint",),
    "torch.utils.data": (f"{OURS}.utils.data",),
    "torch.utils.model_zoo": (f"{_SHIM}.files.model_zoo",),
    "torch.utils.tensorboard": (f"{_SHIM}.files.tensorboard",),
    "torch.version": (f"{_SHIM}.version",),
    "torch.xpu": (f"{_SHIM}.devices.mps",),
    "torchvision": (f"{_SHIM}.vision", f"{OURS}.vision"),
    "torchvision.io": (),
    "torchvision.transforms.v2": (f"{OURS}.vision.transforms",),
    "torchvision.transforms.v2.functional": (f"{OURS}.vision.transforms.functional",),
}

# Below these, PyTorch spreads one namespace over files: `torch.nn.modules.conv`, `torch.utils.data.sampler`. Any such name
# exists, and finds what the namespace holds.
_SPREAD = {
    "torch.nn": f"{OURS}.nn",
    "torch.optim": f"{OURS}.optim",
    "torch.autograd": f"{OURS}.autograd",
    "torch.utils.data": f"{OURS}.utils.data",
    "torch.distributions": f"{OURS}.distributions",
    "torchvision.datasets": f"{OURS}.vision.datasets",
    "torchvision.models": f"{OURS}.vision.models",
    "torchvision.ops": f"{OURS}.vision.ops",
    "torchvision.transforms": f"{OURS}.vision.transforms",
    "torchvision.utils": f"{OURS}.vision.utils",
}
# The files that are spread so; anything else below is missing.
_FILES = {
    "torch.nn": "functional init modules parallel parameter utils".split(),
    "torch.nn.modules": "activation batchnorm channelshuffle container conv distance dropout flatten fold instancenorm linear loss module "
    "normalization padding pixelshuffle pooling rnn sparse transformer upsampling utils".split(),
    "torch.nn.parallel": "data_parallel distributed parallel_apply replicate scatter_gather".split(),
    "torch.nn.utils": "clip_grad convert_parameters fusion parametrizations parametrize prune rnn spectral_norm weight_norm".split(),
    "torch.optim": "adadelta adagrad adam adamax adamw asgd lbfgs lr_scheduler nadam optimizer radam rmsprop rprop sgd swa_utils".split(),
    "torch.autograd": "anomaly_mode forward_ad function functional grad_mode graph variable".split(),
    "torch.utils.data": "_utils dataloader dataset distributed sampler".split(),
    "torch.utils.data._utils": "collate".split(),
    "torch.distributions": "bernoulli categorical cauchy distribution exponential geometric gumbel half_normal independent kl laplace log_normal "
    "multivariate_normal normal one_hot_categorical relaxed_bernoulli relaxed_categorical transformed_distribution "
    "transforms uniform utils".split(),
    "torchvision.datasets": "cifar fakedata folder mnist stl10 svhn utils vision".split(),
    "torchvision.models": "_utils alexnet densenet detection feature_extraction googlenet inception mnasnet mobilenet mobilenetv2 mobilenetv3 "
    "resnet segmentation shufflenetv2 squeezenet utils vgg".split(),
    "torchvision.ops": "boxes focal_loss".split(),
    "torchvision.transforms": "functional functional_pil functional_tensor transforms v2".split(),
}


@cache
def sources(name: str) -> tuple[str, ...] | None:
    """The modules of ours that answer for one of theirs; None if there is no such module here.

    >>> sources("torch.nn.functional")[0]
    'autograd_cnn.nn.functional'
    """
    found = _SOURCES.get(name)
    if found is not None:
        return tuple(m for m in found if _exists(m))
    for root, ours in _SPREAD.items():
        if name == root:
            return (ours,) if _exists(ours) else ()
        if name.startswith(f"{root}.") and name.rsplit(".", 1)[1] in _FILES.get(name.rsplit(".", 1)[0], ()):
            return _most_special_first(ours, name[len(root) + 1 :])
    return None


def _most_special_first(ours: str, below: str) -> tuple[str, ...]:
    """`nn`, `modules.utils` → nn.modules.utils, nn.modules, nn: those of them that exist."""
    parts = below.split(".")
    names = [".".join([ours, *parts[:n]]) for n in range(len(parts), -1, -1)]
    face = f"{_SHIM}.{ours.rpartition('.')[2]}_{'_'.join(parts)}"
    return tuple(m for m in (face, *names, f"{_SHIM}.{ours.rpartition('.')[2]}") if _exists(m))


@cache
def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def submodules(name: str) -> list[str]:
    """The last parts of the names of the modules right below one of theirs."""
    listed = [m for m in _SOURCES if m.rpartition(".")[0] == name]
    return sorted(
        {*(m.rpartition(".")[2] for m in [*listed, *(r for r in _SPREAD if r.rpartition(".")[0] == name)]), *_FILES.get(name, ())}
    )
