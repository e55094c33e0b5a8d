"""The section [DATA] of ``config.ini``: what frames are like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acoupipe_grain.compat.scatterer_ini.entries import Entry
from acoupipe_grain.compat.scatterer_ini.sections import Sections
from acoupipe_grain.errors import ArgumentError

_SECTION = "DATA"


def frame_arguments(sections: Sections) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and origin of the arguments of `ScattererSource` that are the same in all splits.

    That program brings frames together by their maximum, and its labels are point spreads of half the width.

    Raises
    ------
    ArgumentError
        If a value is of the wrong type, frames move and it is not said how long or how fast, or the label is unclear.
    """
    place = f"{sections.path}: [{_SECTION}]"
    if (entry := sections.get(_SECTION, "TargetSize")) is not None:
        yield "size", entry.size(), entry.origin
    if (entry := sections.get(_SECTION, "NumScatter")) is not None:
        yield "num_scatterers", entry.integer(minimum=1), entry.origin
    if (entry := sections.get(_SECTION, "GaussianSigma")) is not None:
        yield "sigma", entry.number(above=0), entry.origin
    if (entry := sections.get(_SECTION, "GaussianMu")) is not None:
        yield "mu", entry.number(minimum=0), entry.origin
    yield "merge", "max", place
    yield "label", _label(sections), place
    yield from _motion(sections)


def num_frames(sections: Sections) -> int | None:
    """Return the frames of a record; None: they are still."""
    movement, duration = (sections.get(_SECTION, key) for key in ("Movement", "MovementDuration"))
    frames = None if duration is None or duration.is_none else duration.integer(minimum=1)
    if movement is None or not movement.flag():
        return None
    if frames is None:
        raise movement.refused("for how many frames? Give MovementDuration, or Movement = False.")
    return frames


def _motion(sections: Sections) -> Iterator[tuple[str, Any, str]]:
    """Yield what moves frames; where they are still, such keys are checked and have no effect, as in that program."""
    frames = num_frames(sections)
    if frames is not None:
        yield "num_frames", frames, _origin(sections, "MovementDuration")
    for key, name in (("MovementVelocity", "velocity"), ("MovementAngle", "angle")):
        entry = sections.get(_SECTION, key)
        if entry is not None and not entry.is_none:
            value = entry.number_or_range()
            if frames is not None:
                yield name, value, entry.origin
        elif frames is not None and name == "velocity":
            place = f"{sections.path}: [{_SECTION}] Movement" if entry is None else entry.origin
            raise ArgumentError(f"{place}: how fast do scatterers move? Give MovementVelocity, or Movement = False.")


def _label(sections: Sections) -> str:
    """Return the label: one of the two formats; still frames have no tracks."""
    stacks, tracks = (sections.get(_SECTION, key) for key in ("Stacks", "Tracks"))
    has_stacks, has_tracks = (None if entry is None else entry.flag() for entry in (stacks, tracks))
    if num_frames(sections) is None:
        return "spread"
    if has_stacks is not None and has_stacks == has_tracks:
        raise ArgumentError(
            f"{sections.path}: [{_SECTION}] Stacks={_text(stacks)!r}, Tracks={_text(tracks)!r}: one and only one of "
            "them must be True: Stacks for a label of each frame, Tracks for one of the paths."
        )
    return "track" if has_tracks or has_stacks is False else "spread"


def _origin(sections: Sections, key: str) -> str:
    entry = sections.get(_SECTION, key)
    return f"{sections.path}: [{_SECTION}]" if entry is None else entry.origin


def _text(entry: Entry | None) -> str:
    return "" if entry is None else entry.text
