"""The data-set card: one HTML page about an exported data set."""

from acoupipe_grain.plotting.card.write import write_card

__all__ = ["write_card"]
