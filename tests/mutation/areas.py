"""The machinery, in areas: which files they are, and which tests stand guard over them. The one place that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "autograd_cnn"


@dataclass(frozen=True)
class Area:
    """Files (patterns, from the package's folder), each whole or, after a colon, only these functions and classes of it; tests (files and
    folders)."""

    name: str
    code: tuple[str, ...]
    judges: tuple[str, ...]

    def files(self) -> dict[str, frozenset[str]]:
        """The names of the files, with those of the parts that are meant (none: all)."""
        found: dict[str, frozenset[str]] = {}
        for entry in self.code:
            pattern, _, names = entry.partition(": ")
            matched = sorted(PACKAGE.glob(pattern))
            assert matched, f"{self.name}: there is no {pattern}"
            for path in matched:
                if path.suffix == ".py":
                    found[path.relative_to(PACKAGE).as_posix()] = frozenset(names.split())
        return found

    def tests(self) -> Iterator[str]:
        """The test files, from the tree's root."""
        for name in self.judges:
            path = ROOT / "tests" / name
            assert path.exists(), f"{self.name}: there is no {path}"
            for file in [path] if path.is_file() else sorted(path.rglob("test_*.py")):
                yield file.relative_to(ROOT).as_posix()


_AREAS = [
    Area(
        "walk",
        ("engine/backward.py",),
        (
            "engine",
            "primitives",
            "tensors",
            "kernels/test_between.py",
            "nn/test_module_hooks.py",
            "programs/test_regressions.py",
            "parity/engine",
            "parity/autograd",
        ),
    ),
    Area(
        "views",
        ("engine/versions.py", "engine/record.py", "tensors/inplace.py", "tensors/copying.py"),
        (
            "engine",
            "primitives",
            "tensors",
            "kernels/test_between.py",
            "testing/test_hints.py",
            "utils/test_checkpoint.py",
            "programs/test_regressions.py",
            "parity/engine",
            "parity/autograd",
            "parity/tensors",
        ),
    ),
    Area(
        "memory",
        ("kernels/memory/allocator.py", "engine/backward.py", "tensors/accumulate.py"),
        (
            "kernels/test_memory.py",
            "kernels/test_between.py",
            "engine",
            "primitives",
            "tensors",
            "nn/test_module_hooks.py",
            "parity/engine",
            "parity/autograd",
        ),
    ),
    Area(
        "layout",
        ("kernels/memory/workspace.py", "kernels/memory/threads.py", "kernels/onednn/*.py"),
        ("kernels", "parity/kernels/test_layout.py", "parity/kernels/test_kernels.py", "parity/ops/test_conv_pool.py"),
    ),
    Area(
        "switches",
        ("config.py",),
        (
            "engine/test_switches.py",
            "engine/test_switch_blocks.py",
            "parity/engine",
            "nn/test_module.py",
        ),
    ),
    Area(
        "tracing",
        ("graph/trace.py", "graph/tracer.py", "graph/tape_reader.py", "graph/graph.py", "graph/step.py", "analysis/receptive.py"),
        (
            "graph",
            "analysis",
            "engine",
            "summaries",
            "drawing/test_view.py",
            "drawing/test_backward_graph.py",
            "house/test_docs.py",
        ),
    ),
    Area(
        "modules",
        ("nn/module/*.py", "support/handles.py"),
        (
            "nn",
            "parity/nn/test_module.py",
            "parity/nn/test_module_samples.py",
            "optim/test_optimizer.py",
            "programs/test_regressions.py",
            "parity/engine",
        ),
    ),
    Area(
        "optimizers",
        ("optim/*.py", "optim/lr_scheduler/*.py"),
        (
            "optim",
            "parity/optim/test_optim.py",
            "parity/optim/test_training.py",
            "parity/optim/test_lr_scheduler.py",
            "parity/optim/test_lbfgs.py",
            "parity/optim/test_averages.py",
        ),
    ),
    Area("data", ("utils/data/*.py",), ("utils", "parity/test_data.py")),
    Area(
        "serialization",
        ("serialization/**/*.py", "support/atomic.py"),
        ("serialization", "support/test_atomic.py", "parity/test_serialization.py"),
    ),
    Area(
        "drawing",
        (
            "summaries/*.py",
            "drawing/lessons/input_window.py",
            "drawing/lessons/receptive/sight.py",
            "drawing/lessons/receptive/squares.py: _nested _read _labels _seen",
            "drawing/lessons/volumes_text.py: subtitle_of shape_text notes_of told_of",
            "drawing/lessons/volumes_ways.py: _cells",
            "drawing/lessons/layers.py: Layer layers_of folding_within ranks longest_path _Reader _kind _blocks layer_maps caption",
            "drawing/lessons/layer_folds.py",
            "drawing/plots/confusion.py: counts_of",
            "drawing/plots/curves.py: _columns _numeric _readable _number _panels _value nice_ticks _tick_text _x_ticks",
            "drawing/plots/saliency.py: batch_of gradient_of class_name",
            "drawing/plots/contour.py",
            "drawing/plots/beside.py",
            "drawing/plots/surface.py: paths_of bounds_of sampled levels_of",
            "drawing/plots/activations.py: _row _count_text",
            "drawing/plots/filters.py: _layer _named",
            "drawing/canvas/text.py: value figure norm _scientific memory shape",
            "drawing/view/arrays.py: array_of finite_range short shade",
            "drawing/lessons/sliding.py: Sliding convolution pooling _dims _parted _steps _sides _transposed",
            "drawing/entries/probe.py",
            "drawing/view/local_gradients.py",
            "drawing/view/view.py",
            "drawing/canvas/symbols.py: LaneScale _round_down",
            "drawing/view/style.py: Style.gradient",
            "drawing/tensor_graph/cards.py: size_or_number output_text shape_text kept_size joint_gradient copy_gradients operations_text "
            "_count norm_text count_runs",
        ),
        ("drawing", "summaries", "house/test_docs.py"),
    ),
]
AREAS = {area.name: area for area in _AREAS}
