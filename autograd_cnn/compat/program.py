"""Running a program as Python would, with `torch` standing for this library."""

from __future__ import annotations

import importlib.util
import sys
import traceback
import types
from pathlib import Path

from ..errors import nearest
from ..nn import Module
from ..optim import Optimizer
from ..tensors.tensor import Tensor
from . import shim_module
from .finder import standing
from .shim_module import MISSED, note

_PACKAGE = str(Path(__file__).parents[1])
_STAND = shim_module.__file__


def run_program(target: str, arguments: list[str], as_module: bool = False) -> int:
    """Run a script (or, `as_module`, a module found on the path) with these arguments: `sys.argv`, `sys.path[0]` and
    `__main__` are as Python sets them.

    Returns:
        The exit code: of `sys.exit`, or 1 after an uncaught error, whose traceback was printed.

    Raises:
        FileNotFoundError, ImportError: there is no such script, or module.
    """
    code, main, folder = _module(target) if as_module else _script(target)
    sys.argv = [str(main.__file__) if as_module else target, *arguments]
    sys.path.insert(0, folder)
    sys.modules["__main__"] = main
    with standing():
        try:
            exec(code, main.__dict__)
        except SystemExit as leaving:
            return _exit_code(leaving)
        except KeyboardInterrupt:
            _show(sys.exc_info()[1])
            return 130
        except BaseException as error:
            _note_attribute(error)
            _show(error)
            return 1
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            report()
    return 0


def _script(target: str) -> tuple[types.CodeType, types.ModuleType, str]:
    path = Path(target)
    if path.is_dir() and (path / "__main__.py").is_file():
        path = path / "__main__.py"
    if not path.is_file():
        near = nearest(path.name, [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else [])
        raise FileNotFoundError(f"{target}: expected a Python program, there is no such file.{near}")
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=str(path.absolute()), __builtins__=__builtins__, __package__=None)
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True), main, str(path.resolve().parent)


def _module(target: str) -> tuple[types.CodeType, types.ModuleType, str]:
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(target)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{target}.__main__")
    except ModuleNotFoundError:
        spec = None
    finally:
        sys.path.pop(0)
    loader = None if spec is None else spec.loader
    code = loader.get_code(spec.name) if spec is not None and hasattr(loader, "get_code") else None  # type: ignore[union-attr]
    if spec is None or code is None:
        raise ImportError(f"-m {target}: expected a module (or a package with a __main__) on the path, found none.")
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=spec.origin, __builtins__=__builtins__, __spec__=spec, __package__=spec.parent, __loader__=loader)
    return code, main, str(Path.cwd())


def _exit_code(leaving: SystemExit) -> int:
    """As Python leaves: None is 0, a text goes to stderr and is 1."""
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    print(leaving.code, file=sys.stderr)
    return 1


def _show(error: BaseException | None) -> None:
    """The traceback, from the program's first line on, without the last lines inside the stand-in modules."""
    if error is None:
        return
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    sys.stdout.flush()
    shown = traceback.TracebackException(type(error), error, tb)
    while len(shown.stack) > 1 and shown.stack[-1].filename == _STAND:
        shown.stack.pop()
    print("".join(shown.format()), end="", file=sys.stderr)


def _note_attribute(error: BaseException) -> None:
    """A method that a tensor (a module, an optimizer) lacks ends the program as AttributeError: it belongs on the list, too."""
    wanted = getattr(error, "wanted", getattr(error, "name", None))
    if not isinstance(error, AttributeError) or not isinstance(wanted, str):
        return
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None and not tb.tb_next.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        tb = tb.tb_next
    frame = None if tb is None else tb.tb_frame
    for kind, name in ((Tensor, "torch.Tensor"), (Optimizer, "torch.optim.Optimizer"), (Module, "torch.nn.Module")):
        own = type(error.obj).__module__.startswith(__name__.partition(".")[0]) or isinstance(error.obj, Tensor)
        if isinstance(error.obj, kind) and own:
            note(f"{name}.{wanted}", frame)


def report() -> None:
    """List on stderr what the program asked for in vain."""
    if MISSED:
        print(f"\nautograd-cnn run: {len(MISSED)} name{'s' if len(MISSED) > 1 else ''} of PyTorch missing here:", file=sys.stderr)
        for name, where in sorted(MISSED.items()):
            print(f"  {name}  (first asked for in {where})" if where else f"  {name}", file=sys.stderr)
