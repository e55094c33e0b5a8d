"""Models, losses, metrics and the loop that trains on any data source."""
