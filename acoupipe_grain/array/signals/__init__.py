"""What sources radiate: signals, drawn from each record's own streams."""

from acoupipe_grain.array.signals.colored_noise import ColoredNoise
from acoupipe_grain.array.signals.correlated_noise import CorrelatedNoise
from acoupipe_grain.array.signals.correlation_factor import correlation_factor
from acoupipe_grain.array.signals.equalizer import Equalizer
from acoupipe_grain.array.signals.excerpt_function import ExcerptFunction
from acoupipe_grain.array.signals.kinds import KINDS, WHITE_NOISE, as_signal
from acoupipe_grain.array.signals.line_powers import expected_line_powers
from acoupipe_grain.array.signals.recordings import Recordings
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.array.signals.sweeps import Sweeps
from acoupipe_grain.array.signals.tones import Tones
from acoupipe_grain.array.signals.waveforms import Waveforms, WhiteNoise

__all__ = [
    "KINDS",
    "WHITE_NOISE",
    "ColoredNoise",
    "CorrelatedNoise",
    "Equalizer",
    "ExcerptFunction",
    "Recordings",
    "Signal",
    "SignalRecord",
    "Sweeps",
    "Tones",
    "Waveforms",
    "WhiteNoise",
    "as_signal",
    "correlation_factor",
    "expected_line_powers",
]
