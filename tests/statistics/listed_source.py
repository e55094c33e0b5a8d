"""Sources of given elements."""

import numpy as np

import acoupipe_grain as apg


class ListedSource:
    """Elements one by one; axes of one name whose lengths differ are ragged."""

    def __init__(self, elements, axes, name="listed"):
        self.elements, self.name = elements, name
        self.element_spec = {
            key: apg.ArraySpec(
                tuple(
                    sizes.pop() if len(sizes := {element[key].shape[place] for element in elements}) == 1 else None
                    for place in range(len(of_array))
                ),
                str(elements[0][key].dtype),
                of_array,
            )
            for key, of_array in axes.items()
        }

    def __len__(self):
        return len(self.elements)

    def __getitem__(self, index):
        return self.elements[index]

    def __repr__(self):
        return f"ListedSource({self.name})"


class BatchedSource(ListedSource):
    """One that only reads many at once."""

    def batch(self, indices):
        return {key: np.stack([self.elements[index][key] for index in indices]) for key in self.elements[0]}

    def __getitem__(self, index):
        raise AssertionError("read one by one")


def random_frames(num_records=30, num_features=3, seed=0):
    """Records of 0 to 40 frames with a mask of some of them."""
    rng = np.random.default_rng(seed)
    elements = []
    for num_frames in rng.integers(0, 40, num_records):
        frames = rng.normal(5, 2, (num_frames, num_features)).astype(np.float32)
        elements.append({"frames": frames, "frame_mask": rng.random(num_frames) < 0.7})
    return elements


FRAME_AXES = {"frames": ("frame", "feature"), "frame_mask": ("frame",)}
