"""Which room may import which: upper floors lower ones, never the other way, and no circles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .circles import arrows, circles
from .source import FILES, PACKAGE, imported, module_of, name_of

# From the ground up. A room may import rooms of lower floors, and itself.
FLOORS = (
    "errors",
    "config",
    "support symbolic",
    "types",
    "engine",
    "primitives graph",
    "kernels analysis random",
    "ops",
    "tensors",
    "autograd linalg drawing distributed program",
    "serialization utils",
    "nn",
    "optim distributions summaries onnx",
    "vision testing",
    "training extend studio",
    "compat",
    "cli",
    "__main__",
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
AT_THE_ROOT = {"__init__.py", "__main__.py", "config.py", "errors.py"}
MOST_FILES = 20  # in a folder of code
WHOLE_LISTS = {"vision/models"}  # a file a network: as many as there are
FACES = {"extend"}  # names what stands elsewhere
MAY_IMPORT_THE_FACADE = {"cli", "compat", "testing", "training"}


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def climbing(path: Path) -> Iterator[str]:
    """The imports of a file that do not go down."""
    room = _room(module_of(path))
    if room == "":  # the façade
        return
    if room not in FLOOR:
        yield f"{name_of(path)}: the room {room!r} has no floor; give it one in this test"
        return
    for module, line in imported(path):
        if module.split(".")[0] != "autograd_cnn":
            continue
        other = _room(module)
        where = f"{name_of(path)}:{line}"
        if other == "":
            if room not in MAY_IMPORT_THE_FACADE:
                yield f"{where} imports the façade"
        elif other not in FLOOR:
            yield f"{where}: the room {other!r} has no floor; give it one in this test"
        elif other != room and FLOOR[other] >= FLOOR[room]:
            yield (
                f"{where}: {room} (floor {FLOOR[room]}) imports {other} (floor {FLOOR[other]}); import it from the file that defines it, "
                "or move what both need to a floor below"
            )


def test_imports_go_down() -> None:
    found = [said for path in FILES for said in climbing(path)]
    assert not found, "\n".join(found)


def test_no_file_needs_itself():
    found = circles(arrows())
    assert not found, f"files that need one another: {found}; move what they share to a file of its own"


def test_every_room_has_a_floor_and_every_floor_a_room():
    assert {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in FILES} - {"__init__"} == set(FLOOR)


def test_few_files_stand_at_the_root():
    assert {p.name for p in PACKAGE.glob("*.py")} == AT_THE_ROOT


def test_no_folder_is_crowded_and_none_holds_a_single_file():
    for folder in sorted({p.parent for p in FILES} - {PACKAGE}):
        name = folder.relative_to(PACKAGE).as_posix()
        files = [p for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(files) <= MOST_FILES or name in WHOLE_LISTS, f"{name} holds {len(files)} files"
        assert len(files) > 1 or name in FACES or any(p.is_dir() and p.name != "__pycache__" for p in folder.iterdir()), (
            f"{name} is a folder for one file"
        )


def _files_of(room: str) -> list[Path]:
    return [path for path in FILES if _room(module_of(path)) == room]


def test_the_engine_knows_no_numpy_and_little_else():
    for path in _files_of("engine"):
        for module, _ in imported(path):
            assert not re.match(r"numpy\b", module), name_of(path)
            assert not module.startswith("autograd_cnn") or _room(module) in ("engine", "errors", "config", "support"), name_of(path)


def test_the_engine_stays_small_enough_to_read():
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in _files_of("engine")) <= 2300


def test_nothing_imports_torch():
    for path in FILES:
        assert not [m for m, _ in imported(path) if m.split(".")[0] in ("torch", "torchvision")], name_of(path)


# Beside the rooms' own tests: what goes across them.
ACROSS = {"fuzz", "house", "machine", "mutation", "notebooks", "parity", "programs", "site"}
SHARED = {"__init__.py", "browser.py", "conftest.py", "exposed.py", "oracles.py"}  # what several folders use
# Rooms of one file, and the tests that are about it.
TESTED_ELSEWHERE = {"config": "engine/test_switches.py", "errors": "engine/test_errors.py", "__main__": "cli/test_wrong_input.py"}


def test_every_room_has_tests_of_its_own():
    tests = PACKAGE.parent / "tests"
    without = [room for room in FLOOR if room not in TESTED_ELSEWHERE and not list((tests / room).rglob("test_*.py"))]
    assert not without, f"tests/{without[0]}/ is missing, or has no test_*.py: a room's tests stand in a folder of its name"
    assert all((tests / file).is_file() for file in TESTED_ELSEWHERE.values())
    assert {f"{room}.py" for room in TESTED_ELSEWHERE} == AT_THE_ROOT - {"__init__.py"}


def test_tests_mirror_the_rooms():
    tests = PACKAGE.parent / "tests"
    for folder, across in ((tests, ACROSS), (tests / "parity", {"programs"})):
        found = {p.name for p in folder.iterdir() if p.is_dir() and p.name != "__pycache__"}
        assert found - across <= set(FLOOR), f"{folder.name}: no room is called {sorted(found - across - set(FLOOR))}"
    assert {p.name for p in tests.glob("*.py")} == SHARED
