"""Configuration: strict YAML and command-line arguments in ArgBind's form, sources by name, rebuilt from manifests."""

from acoupipe_grain.config.factories import build
from acoupipe_grain.config.flags import parse_flags
from acoupipe_grain.config.keys import Keys, package_keys
from acoupipe_grain.config.loading import load_arguments
from acoupipe_grain.config.rebuild import source_from_configuration

__all__ = ["Keys", "build", "load_arguments", "package_keys", "parse_flags", "source_from_configuration"]
