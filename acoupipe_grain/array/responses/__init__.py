"""Impulse responses from source positions to microphones, measured or simulated."""

from acoupipe_grain.array.responses.download import download_miracle
from acoupipe_grain.array.responses.given_responses import as_impulse_responses
from acoupipe_grain.array.responses.hdf5_writer import write_hdf5
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.array.responses.scenarios import MIRACLE, SCENARIOS, SRIRACHA, Scenario

__all__ = [
    "MIRACLE",
    "SCENARIOS",
    "SRIRACHA",
    "ImpulseResponses",
    "Scenario",
    "as_impulse_responses",
    "download_miracle",
    "write_hdf5",
]
