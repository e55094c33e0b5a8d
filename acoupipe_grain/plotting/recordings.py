"""A picture of some recordings: waveforms, and levels within mel bands over time."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting.named_numbers import names_of
from acoupipe_grain.plotting.spectrogram import Spectrogram, computed_spectrogram, given_spectrogram, mel_levels_in
from acoupipe_grain.specs import DataSource, Element, ElementSpec

AUDIO_AXES = ("channel", "sample")
MAX_CHANNELS = 4
MAX_COLUMNS = 4
MAX_NAME_LENGTH = 32
DYNAMIC_RANGE_DB = 80.0

_STYLE = {"font.size": 9.0, "axes.titlesize": 9.5, "text.parse_math": False}  # names of users are no formulas


def shows_recordings(spec: ElementSpec) -> bool:
    """Return whether elements have what `preview_recordings` draws."""
    return _audio_in(spec) is not None or mel_levels_in(spec) is not None


def preview_recordings(source: DataSource, path: str | Path, indices: Sequence[int] = (0, 1, 2)) -> None:
    """Draw records of audio as a PNG file: the waveform, and below it levels within mel bands over time.

    Levels are those of the elements, of the first channel, or computed from their audio; all have the same scale of
    80 dB. Times count from the beginning of the recording. Above stand the names of file, label and group that
    ``source.tables`` has, the loudness, and "active", as far as elements say so.

    Parameters
    ----------
    source
        A source whose elements have audio (channel, sample) and ``sample_rate``, or levels (channel, mel, frame) in dB.
    path
        The file to write, ending in .png.
    indices
        Records to draw, at least one.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, the elements lack what is drawn, or no record is asked for.
    """
    if Path(path).suffix != ".png":
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in .png.")
    if not shows_recordings(source.element_spec):
        raise ArgumentError(
            "features: a preview of recordings needs audio (channel, sample) with its sample_rate, or levels such as "
            "those of mel_spectrum (channel, mel, frame) in dB; the elements have "
            f"{', '.join(_described(source.element_spec))}."
        )
    if not len(indices):
        raise ArgumentError(f"indices={indices!r}: expected at least one record.")
    records = [_read(source, index) for index in indices]
    import matplotlib.style

    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():  # not the user's own style
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # names may be in any script
        _figure_of(records).savefig(path, dpi=110, metadata={"Software": None})


@dataclass(frozen=True, eq=False)
class _Waveform:
    """Audio of a record, of some channels, and what its axis is called."""

    audio: Float[np.ndarray, "channel sample"]
    sample_rate: int
    label: str

    def draw(self, axis: Any, start: float, highest: float) -> None:
        """Draw from the time `start` in s on; the axis ends at `highest`."""
        num_samples = self.audio.shape[1]
        times = start + np.arange(num_samples) / self.sample_rate
        axis.plot(times, self.audio.T, linewidth=0.5, alpha=1.0 if len(self.audio) == 1 else 0.6)
        axis.set(xlim=(start, start + num_samples / self.sample_rate), ylim=(-highest, highest))


@dataclass(frozen=True, eq=False)
class _Record:
    """What is drawn of a record."""

    title: str
    start: float
    waveform: _Waveform | None
    spectrogram: Spectrogram


def _read(source: DataSource, index: int) -> _Record:
    spec, element = source.element_spec, source[index]
    audio, mel = _audio_in(spec), mel_levels_in(spec)
    waveform = None
    if audio is not None:
        label = audio if spec[audio].unit == "1" else f"{audio} / {spec[audio].unit}"
        waveform = _Waveform(element[audio][:MAX_CHANNELS], int(element["sample_rate"]), label)
    if mel is not None:
        spectrogram = given_spectrogram(source, mel, element[mel], _sample_rate_of(element))
    else:
        assert waveform is not None
        spectrogram = computed_spectrogram(waveform.audio[0], waveform.sample_rate)
    title = _title(element, index, getattr(source, "tables", {}))
    return _Record(title, float(element.get("offset", 0.0)), waveform, spectrogram)


def _sample_rate_of(element: Element) -> int | None:
    return int(element["sample_rate"]) if "sample_rate" in element else None


def _title(element: Element, index: int, tables: Mapping[str, Sequence[str]]) -> str:
    """Return what names the record, and what is said of it."""
    names = {
        name: names_of(name, tables).get(int(element[name]), f"{name} {int(element[name])}")
        for name in ("file_index", "label", "group_index")
        if name in element
    }
    record = f"record {int(element.get('idx', index))}"
    said = [names[name] for name in ("label", "group_index") if name in names]
    said += [f"{float(element['loudness']):.1f} LUFS".replace("-", "−")] if "loudness" in element else []
    said += ["active"] if element.get("active") else []
    first = f"{record}: {_shortened(names['file_index'])}" if "file_index" in names else record
    return "\n".join([first, ", ".join(said)] if said else [first])


def _figure_of(records: Sequence[_Record]) -> Any:
    """Return a figure with a column for every record, in several rows if they are many."""
    from matplotlib.figure import Figure

    heights = [1.0, 2.0] if any(record.waveform for record in records) else [2.0]
    columns = min(len(records), MAX_COLUMNS)
    rows = -(-len(records) // columns)
    figure = Figure(figsize=(0.9 + 3.3 * columns, rows * (0.9 + 1.1 * sum(heights))), layout="constrained")
    axes = figure.subplots(rows * len(heights), columns, squeeze=False, height_ratios=heights * rows)
    blocks = axes.reshape(rows, len(heights), columns)
    waveforms = [record.waveform.audio for record in records if record.waveform is not None]
    highest = 1.05 * _highest(map(np.abs, waveforms)) or 1.0
    brightest = _highest(record.spectrogram.levels for record in records)
    color_range = brightest - DYNAMIC_RANGE_DB, brightest
    for number in range(rows * columns):
        column = blocks[number // columns, :, number % columns]
        if number >= len(records):
            for axis in column:
                axis.set_axis_off()
            continue
        image = _draw(records[number], column, highest, color_range, is_first=number % columns == 0)
        if number % columns == 0:
            figure.colorbar(image, ax=list(blocks[number // columns, -1]), label="level / dB", pad=0.01)
    return figure


def _draw(record: _Record, column: Any, highest: float, color_range: tuple[float, float], *, is_first: bool) -> Any:
    """Draw a record from above to below and return the image of its levels."""
    column[0].set_title(record.title)
    image = record.spectrogram.draw(column[-1], record.start, color_range)
    if record.waveform is not None:
        record.waveform.draw(column[0], record.start, highest)
        if record.spectrogram.hop is None:
            column[0].set_xlabel("time / s")
        else:
            column[0].tick_params(labelbottom=False)
            column[-1].set_xlim(column[0].get_xlim())
    if is_first:
        column[-1].set_ylabel(record.spectrogram.frequency_label)
        if record.waveform is not None:
            column[0].set_ylabel(record.waveform.label)
    else:
        for axis in column:
            axis.tick_params(labelleft=False)
    return image


def _highest(arrays: Iterable[np.ndarray]) -> float:
    """Return the highest finite number, 0 if there is none."""
    return max((float(array[np.isfinite(array)].max()) for array in arrays if np.isfinite(array).any()), default=0.0)


def _audio_in(spec: ElementSpec) -> str | None:
    """Return the name of the audio, with whose sample rate it can be drawn, or None."""
    names = [name for name, item in spec.items() if item.axes == AUDIO_AXES and "sample_rate" in spec]
    return "audio" if "audio" in names else next(iter(names), None)


def _described(spec: ElementSpec) -> list[str]:
    return [f"{name} ({', '.join(item.axes)})" if item.axes else name for name, item in spec.items()]


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"…{name[1 - MAX_NAME_LENGTH :]}"
