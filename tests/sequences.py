"""A source whose records differ in length, as recordings do."""

import numpy as np

import acoupipe_grain as apg

FRAMES = ("frame", "feature")


class Sequences:
    """Record i has `lengths[i]` frames of two features, all i + 1, and a sample for each frame."""

    def __init__(self, lengths, name="sequences", tables=None):
        self.lengths = {"frame": np.array(lengths)}
        self.name = name
        size = lengths[0] if len(set(lengths)) == 1 else None
        self.element_spec = {
            "features": apg.ArraySpec((size, 2), "float32", FRAMES),
            "samples": apg.ArraySpec((size,), "float32", FRAMES[:1]),
            "idx": apg.ArraySpec((), "int32", ()),
        }
        if tables is not None:
            self.tables = tables

    def __len__(self):
        return len(self.lengths["frame"])

    def __getitem__(self, index):
        length = int(self.lengths["frame"][index])
        return {
            "features": np.full((length, 2), index + 1, np.float32),
            "samples": np.arange(1, length + 1, dtype=np.float32),
            "idx": np.array(index, np.int32),
        }

    @property
    def configuration(self):
        return {"class": "Sequences", "name": self.name, "lengths": self.lengths["frame"].tolist()}

    def __repr__(self):
        return f"Sequences({self.name}, {self.lengths['frame'].tolist()})"
