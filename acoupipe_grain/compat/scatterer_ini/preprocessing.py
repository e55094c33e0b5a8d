"""The sections [PREPROCESS_...] of ``config.ini``: what becomes of frames, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acoupipe_grain.compat.scatterer_ini.entries import Entry
from acoupipe_grain.compat.scatterer_ini.frames import num_frames
from acoupipe_grain.compat.scatterer_ini.sections import Sections


def augmentation_arguments(sections: Sections, section: str) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and origin of the arguments of `ScattererSource` that a split has of its own.

    Raises
    ------
    ArgumentError
        If a value is of the wrong type, or scatterers missing in a batch are counted and its size is not given.
    """
    if (entry := sections.get(section, "RotationRange")) is not None and not entry.is_none:
        yield "rotation", entry.number(minimum=0, maximum=180), entry.origin
    if (entry := sections.get(section, "OutOfPlaneScat")) is not None:
        yield "num_out_of_plane", _num_out_of_plane(entry, sections, section), entry.origin


def _num_out_of_plane(entry: Entry, sections: Sections, section: str) -> float:
    """Return how many scatterers and frames are missing in a record, from their number in a batch."""
    if entry.is_none:
        # Batch size × duration in a batch: one in each frame.
        return float(num_frames(sections) or 1)
    of_batch = entry.integer(minimum=0)
    if of_batch == 0:
        return 0.0
    batch_size = sections.get(section, "BatchSize")
    if batch_size is None:
        raise entry.refused("counts what is missing in a batch; give BatchSize, or OutOfPlaneScat = 0.")
    return of_batch / batch_size.integer(minimum=1)


def loader_arguments(sections: Sections, section: str) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and origin of the arguments of `make_loader`, transforms apart.

    Raises
    ------
    ArgumentError
        If a value is of the wrong type.
    """
    if (entry := sections.get(section, "BatchSize")) is not None:
        yield "batch_size", entry.integer(minimum=1), entry.origin
    if (entry := sections.get(section, "Shuffle")) is not None:
        yield "shuffle", entry.flag(), entry.origin


def transforms(sections: Sections, section: str, noise_seed: int) -> list[dict[str, Any]]:
    """Return the transforms of a split's batches: sizes, then noise, then normalisation to 0 ... 1.

    That program brings every frame to 0 ... 1 when it writes it; here that is last, after noise.

    Raises
    ------
    ArgumentError
        If a value is of the wrong type, labels cannot be reduced so much, or values are to be multiplied.
    """
    _require_no_rescaling(sections, section)
    own, whole = sections.get(section, "TargetSize"), sections.get("DATA", "TargetSize")
    own_size, whole_size = (None if entry is None or entry.is_none else entry.size() for entry in (own, whole))
    found: list[dict[str, Any]] = []
    if own_size is not None and own_size != whole_size:
        found.append({"name": "CropOrPad", "size": own_size})
    if (ratio := _size_ratio(sections, section, own_size or whole_size)) > 1:
        found.append({"name": "ReduceLabels", "ratio": ratio})
    noise = sections.get(section, "NoiseDB")
    if noise is not None and not noise.is_none:
        found.append({"name": "AddNoise", "snr_db": noise.number(unit="dB"), "seed": noise_seed})
    return [*found, {"name": "MinMax"}]


def _size_ratio(sections: Sections, section: str, size: int | None) -> int:
    entry = sections.get(section, "SizeRatio")
    if entry is None or entry.is_none:
        return 1
    ratio = entry.integer(minimum=1)
    if size is not None and size % ratio:
        raise entry.refused(f"does not divide the {size} pixels of labels; change it, or TargetSize.")
    return ratio


def _require_no_rescaling(sections: Sections, section: str) -> None:
    entry = sections.get(section, "Rescale")
    if entry is None or entry.text.lower() in ("none", "false"):
        return
    if entry.number(minimum=0) not in (0, 1):
        raise entry.refused(
            "a factor of the values of data cannot be honoured, as these are brought to 0 ... 1 last; write Rescale = "
            "1.0, and multiply where batches are used."
        )
