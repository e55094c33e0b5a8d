"""Simulated microphone-array data: geometry, scenes, simulation, features and sources."""
