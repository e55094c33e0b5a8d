"""Segments of recordings: where they begin, their labels, their activity, sets of recordings, and their source."""
