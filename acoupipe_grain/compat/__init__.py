"""Other libraries' data, regenerated, and their configurations."""

from acoupipe_grain.compat.acoupipe_scenes import AcouPipeScenes
from acoupipe_grain.compat.acoupipe_source import AcouPipeSource

__all__ = ["AcouPipeScenes", "AcouPipeSource"]
