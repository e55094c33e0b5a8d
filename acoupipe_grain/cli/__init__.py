"""The command line ``acoupipe-grain``."""
