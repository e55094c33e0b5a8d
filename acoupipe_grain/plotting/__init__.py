"""Pictures of records, and pages about data sets."""

from acoupipe_grain.plotting.animation import animate
from acoupipe_grain.plotting.card import write_card
from acoupipe_grain.plotting.frames import animate_frames, preview_frames
from acoupipe_grain.plotting.preview import preview
from acoupipe_grain.plotting.recordings import preview_recordings
from acoupipe_grain.plotting.responses import preview_responses
from acoupipe_grain.plotting.signals import preview_signals

__all__ = [
    "animate",
    "animate_frames",
    "preview",
    "preview_frames",
    "preview_recordings",
    "preview_responses",
    "preview_signals",
    "write_card",
]
