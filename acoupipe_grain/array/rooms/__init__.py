"""Simulated rooms: boxes with absorbing walls about the array and its sources, by the image-source method."""

from acoupipe_grain.array.rooms.room import WALLS, Room
from acoupipe_grain.array.rooms.shoebox_rooms import ShoeboxRooms

__all__ = ["WALLS", "Room", "ShoeboxRooms"]
