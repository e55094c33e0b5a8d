"""Simulation of the array: from a scene to a recording."""
