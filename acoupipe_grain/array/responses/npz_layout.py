"""Files of NumPy (.npz) with the arguments of `ImpulseResponses.from_arrays`."""

from __future__ import annotations

import numpy as np

from acoupipe_grain.array.responses.file_content import FileContent, stated_number
from acoupipe_grain.array.responses.stored_responses import ResponsesInMemory, in_single_precision
from acoupipe_grain.errors import DataError

REQUIRED = ("responses", "source_positions", "mic_positions")
KEYS = (*REQUIRED, "sample_rate", "speed_of_sound")
"""What is in such a file; the last two may be missing."""


def read_npz(path: str) -> FileContent:
    """Return what an .npz file says; it is read as a whole.

    Raises
    ------
    DataError
        If the file cannot be read, an array is missing, or the responses are no floating-point numbers.
    """
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in KEYS if name in file}
            names = list(file)
    except Exception as error:  # zlib, zipfile and NumPy each have their own
        raise DataError(f"{path}: cannot be read as an .npz file ({error}).") from error
    for name in REQUIRED:
        if name not in arrays:
            raise DataError(f"{path}: there is no array {name}, only {', '.join(names)}; expected {', '.join(KEYS)}.")
    responses = arrays["responses"]
    if responses.dtype.kind != "f" or responses.ndim != 3:
        raise DataError(
            f"{path}: responses: {responses.dtype} of shape {responses.shape}; expected real floating-point numbers, "
            "shape (sources, microphones, taps)."
        )
    single = in_single_precision(responses)
    single.flags.writeable = False
    stated = {
        name: stated_number(f"{path}: {name}", arrays[name], unit) if name in arrays else None
        for name, unit in (("sample_rate", "Hz"), ("speed_of_sound", "m/s"))
    }
    if np.size(arrays.get("sample_rate", 0)) > 1:
        raise DataError(f"{path}: sample_rate: {np.size(arrays['sample_rate'])} values; expected one, in Hz.")
    return FileContent(
        arrays["source_positions"],
        arrays["mic_positions"],
        ResponsesInMemory(single),
        stated["sample_rate"],
        stated["speed_of_sound"],
    )
