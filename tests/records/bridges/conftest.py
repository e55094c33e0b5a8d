import jax
import numpy as np
import pytest

from acoupipe_grain.specs import ArraySpec


class EveryKind:
    """Records with every kind of number; `raises` is raised at record 3."""

    element_spec = {
        "matrix": ArraySpec((2, 3), "complex64", ("mic", "mic"), "Pa^2"),
        "map": ArraySpec((4,), "float32", ("x",), "Pa^2"),
        "half": ArraySpec((2,), "float16", ("value",)),
        "mask": ArraySpec((5,), "bool", ("source",)),
        "words": ArraySpec((2,), "uint32", ("word",)),
        "class": ArraySpec((), "int32", ()),
        "flag": ArraySpec((), "bool", ()),
        "empty": ArraySpec((3, 0), "float32", ("x", "y")),
    }
    tables = {"class": ["dog", "cat"]}

    def __init__(self, num_records=7, raises=None, **changed_specs):
        self.num_records, self.raises = num_records, raises
        self.element_spec = self.element_spec | changed_specs

    @property
    def configuration(self):
        return {"class": "EveryKind", "arguments": {"num_records": self.num_records}}

    def __len__(self):
        return self.num_records

    def __getitem__(self, index):
        if index == 3 and self.raises is not None:
            raise self.raises
        rng = np.random.default_rng(index)
        return {
            "half": rng.random(2).astype(np.float16),
            "matrix": np.asfortranarray((rng.random((2, 3)) + 1j * rng.random((2, 3))).astype(np.complex64)),
            "map": rng.random(4, dtype=np.float32),
            "mask": rng.random(5) < 0.5,
            "words": rng.integers(2**32, size=2, dtype=np.uint32),
            "class": np.array(index % 2, dtype=np.int32),
            "flag": np.array(index % 2 == 0),
            "empty": np.empty((3, 0), dtype=np.float32),
        }

    def __repr__(self):
        return f"EveryKind({self.num_records})"


class Squares:
    """Records that exist only in batches: ``source[i]`` is an error."""

    element_spec = {"square": ArraySpec((2,), "float32", ("value",))}

    class _Inputs:
        element_spec = {"number": ArraySpec((), "float32", ())}

        def __len__(self):
            return 70

        def __getitem__(self, index):
            return {"number": np.array(index, dtype=np.float32)}

    inputs = _Inputs()
    compute_batch = jax.tree_util.Partial(
        lambda batch: {"square": batch["number"][:, None] ** np.arange(1, 3, dtype=np.float32)}
    )

    def __len__(self):
        return 70

    def __getitem__(self, index):
        raise AssertionError("read one at a time")

    def __repr__(self):
        return "Squares()"


@pytest.fixture
def every_kind():
    """The class of a source with every kind of number."""
    return EveryKind


@pytest.fixture
def squares():
    """A source of 70 records that must be computed in batches."""
    return Squares()
