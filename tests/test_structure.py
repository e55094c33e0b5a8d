"""The house rules of docs/architecture.md, read from the code's own imports."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "acoupipe_grain"
FLOORS = {
    "errors": 0,
    "annotations": 0,
    "extras": 1,
    "callables": 1,
    "file_patterns": 1,
    "named_files": 1,
    "interruption": 1,
    "arguments": 1,
    "double_precision": 1,
    "one_at_a_time": 1,
    "named_functions": 1,
    "workers": 1,
    "memory": 1,
    "specs": 1,
    "seeding": 2,
    "identity": 2,
    "sampling": 2,
    "records": 3,
    "pipeline": 3,
    "exporting": 4,
    "statistics": 4,
    "transforms": 4,
    "array": 5,
    "audio": 5,
    "files": 5,
    "frames": 5,
    "compat": 6,
    "training": 6,
    "config": 7,
    "plotting": 7,
    "bench": 8,
    "minibatches": 8,
    "cli": 9,
}
WINGS = ("array", "audio", "files", "frames")
SERVICES = ("records", "pipeline", "exporting", "statistics", "transforms")
HEAVY = (
    *("array_record", "h5py", "matplotlib", "mlcroissant", "netCDF4", "optax", "orbax", "pooch", "pyloudnorm", "ray"),
    *("sofar", "soundfile", "soxr", "tfrecord"),
)
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports_of(path):
    """Return (module, whether at the top level) for everything a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found += [(name, node in tree.body) for name in names]
    return found


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    room = room_of(path)
    for name, _ in imports_of(path):
        if not name.startswith("acoupipe_grain."):
            continue
        other = name.split(".")[1]
        if other in FLOORS and other != room:
            assert FLOORS[other] <= FLOORS[room], name
            assert not (room in WINGS and other in (*WINGS, *SERVICES)), name
            assert not (room in SERVICES and other in WINGS), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_stay_in_their_rooms(path):
    relative = str(path.relative_to(PACKAGE))
    for name, at_top_level in imports_of(path):
        package = name.split(".")[0]
        # Acoular is always imported late, through array/geometry_acoular.py.
        assert package != "acoular", name
        if package == "grain":
            assert room_of(path) == "pipeline", name
        if package in HEAVY:
            assert not at_top_level, name
        if name.endswith("geometry_acoular.import_acoular"):
            assert relative.startswith(("array/geometry", "array/measurement", "array/simulate/acoular", "bench/"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_short_and_named_after_what_they_hold(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320
    assert path.stem not in ("util", "utils", "helper", "helpers", "common", "misc")
