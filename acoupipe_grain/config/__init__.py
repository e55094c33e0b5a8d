"""Configuration: strict YAML and command-line arguments in ArgBind's form, sources by name, rebuilt from manifests."""

from acoupipe_grain.config.factories import build, configurable
from acoupipe_grain.config.loading import load_arguments, parse_flags
from acoupipe_grain.config.rebuild import source_from_configuration

__all__ = ["build", "configurable", "load_arguments", "parse_flags", "source_from_configuration"]
