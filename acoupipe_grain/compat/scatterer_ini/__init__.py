"""``config.ini`` of data_pipeline, which trains U-Nets on frames of point scatterers, in this package's keys."""

from acoupipe_grain.compat.scatterer_ini.reading import Mapped, ScattererIni, read_scatterer_ini

__all__ = ["Mapped", "ScattererIni", "read_scatterer_ini"]
