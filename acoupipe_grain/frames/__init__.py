"""Imaging frames: point scatterers at rest or moving, and what an imaging system's point spread makes of them."""
