"""Audio recordings: groups of files, excerpts of them by chance and loudness, sources of excerpts."""
