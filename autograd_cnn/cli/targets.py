"""What a target of the command line means: a network by name, an object in a module, or what a script leaves."""

from __future__ import annotations

import importlib
import inspect
import runpy
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..drawing.view.arguments import fitting_shapes
from ..engine.variable import Variable
from ..errors import nearest
from ..graph.graph import Graph
from ..nn import Module
from ..tensors.sampling import rand, randint
from ..vision.models import get_model, list_models

RESULTS = ("loss", "E", "out", "output", "y", "f")  # names that a script is likely to give what it is about


@dataclass(slots=True)
class Target:
    """`value` is a recorded value, a `Graph`, or something to be called with an input."""

    name: str
    value: Any

    @property
    def callable(self) -> bool:
        return callable(self.value) and not isinstance(self.value, (Variable, Graph))


def target_of(text: str, variable: str | None = None) -> Target:
    """The target that the command line names.

    Raises:
        ValueError: a name that means nothing, with the nearest model.
        RuntimeError: a script that fails.
    """
    if text.endswith(".py"):
        return _from_script(Path(text), variable)
    check_variable(text, variable)
    if ":" in text:
        return _from_module(*text.split(":", 1))
    if text.lower() in list_models():
        return Target(text.lower(), _model(text.lower()))
    if Path(text).exists():
        raise ValueError(
            f"expected a Python script (a name that ends in .py), got the {'folder' if Path(text).is_dir() else 'file'} {text!r}."
        )
    models = list_models()
    raise ValueError(
        f"expected a model of vision.models, MODULE:OBJECT or SCRIPT.py, got {text!r}.{nearest(text, models)} Models: {', '.join(models)}."
    )


def check_variable(text: str, variable: str | None) -> None:
    """Only scripts leave variables.

    Raises:
        ValueError: one was named for something else.
    """
    if variable is not None:
        raise ValueError(f"--variable {variable}: expected a script that leaves it, got {text!r}.")


def _model(name: str) -> Any:
    build = get_model
    return build(name, init_weights=False) if name in ("googlenet", "inception_v3") else build(name)


def _from_module(module: str, path: str) -> Target:
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ValueError(f"expected a module to import before the colon, got {module!r}: {error}.") from error
    finally:
        sys.path.pop(0)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ValueError(f"{module!r} has no {path!r}.{nearest(part, [n for n in dir(found) if not n.startswith('_')])}")
        found = getattr(found, part)
    return Target(path.rpartition(".")[2], _made(found, f"{module}:{path}"))


def _made(found: Any, text: str) -> Any:
    """An object as it is; a class or function that needs no arguments is called, for the model it gives."""
    if inspect.isclass(found) and issubclass(found, Module):
        try:
            return found()
        except TypeError as error:
            raise ValueError(
                f"the class {text} needs arguments ({error}). Name an object made of it, or a function that makes one."
            ) from error
    if inspect.isfunction(found) and not _required(found):
        return found()
    return found


def _required(fn: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [n for n, p in inspect.signature(fn).parameters.items() if p.default is p.empty and p.kind in kinds]


def _from_script(path: Path, variable: str | None) -> Target:
    if not path.is_file():
        raise FileNotFoundError(f"there is no script {str(path)!r}.{nearest(path.name, [p.name for p in path.parent.glob('*.py')])}")
    arguments, sys.argv = sys.argv, [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        left = runpy.run_path(str(path), run_name="__main__")
    except SystemExit as error:
        raise RuntimeError(f"the script {path} ended itself ({error.code}) before it left anything to draw.") from error
    except Exception as error:
        line = next((f.lineno for f in reversed(traceback.extract_tb(error.__traceback__)) if f.filename == str(path)), None)
        raise RuntimeError(f"the script {path} stopped{f' in line {line}' if line else ''}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
        sys.argv = arguments
    return _left(path, left, variable)


def _left(path: Path, left: dict[str, Any], variable: str | None) -> Target:
    """The variable that is drawn: the one named, else the result of the script, else its model."""
    known = {k: v for k, v in left.items() if not k.startswith("_")}
    if variable is not None:
        if variable not in known:
            raise ValueError(f"the script {path} leaves no {variable!r}.{nearest(variable, known)}")
        return Target(variable, known[variable])
    recorded: dict[str, Any] = {
        k: v for k, v in known.items() if isinstance(v, Graph) or (isinstance(v, Variable) and v.node is not None and v.node.prim)
    }
    for name in RESULTS:
        if name in recorded:
            return Target(name, recorded[name])
    found = recorded or {k: v for k, v in known.items() if isinstance(v, Module)}
    if not found:
        raise ValueError(
            f"the script {path} leaves no recorded tensor, no graph and no model. Keep one in a variable, and let its inputs have "
            "requires_grad=True."
        )
    return Target(*list(found.items())[-1])


# ------------------------------------------------------------------------------------------------------- inputs
def size_of(text: str) -> tuple[int, ...]:
    """`1x3x224x224` or `1,3,224,224` as sizes."""
    parts = text.replace(",", "x").split("x")
    if not all(p.isdecimal() and int(p) > 0 for p in parts):
        raise ValueError(f"--size: expected sizes such as 1x3x224x224, got {text!r}.")
    return tuple(int(p) for p in parts)


def input_for(target: Target, size: tuple[int, ...] | None) -> Any:
    """An input the target runs on: of the given size, else of the first size that fits its first layer."""
    if size is not None:
        return rand(*size)
    tried = fitting_shapes(target.value, target.name)
    for shape in tried:
        for x in (rand(*shape), *((randint(0, 2, shape),) if len(shape) == 2 else ())):  # numbers, or words of a vocabulary
            try:
                run_once(target.value, x)
            except (RuntimeError, ValueError, IndexError, TypeError):
                continue
            return x
    told = f" (tried {', '.join('x'.join(map(str, s)) for s in tried)})" if tried else ""
    raise ValueError(f"no input fits {target.name!r} by itself{told}. Say its size, with the batch: --size 1x3x224x224")


def run_once(model: Any, x: Any) -> Any:
    """What the model makes of an input, as it is in use."""
    from ..config import no_grad

    if isinstance(model, Module):
        model.eval()
    with no_grad():
        return model(x)
