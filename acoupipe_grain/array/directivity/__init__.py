"""How strongly sources radiate where."""

from acoupipe_grain.array.directivity.dipole import Dipole
from acoupipe_grain.array.directivity.directivity import DirectionLike, Directivity, SoundPart
from acoupipe_grain.array.directivity.kinds import KINDS, as_directivity
from acoupipe_grain.array.directivity.spherical_harmonics import SphericalHarmonics

__all__ = [
    "KINDS",
    "Dipole",
    "DirectionLike",
    "Directivity",
    "SoundPart",
    "SphericalHarmonics",
    "as_directivity",
]
