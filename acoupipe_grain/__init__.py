"""Simulated microphone-array data for JAX."""
