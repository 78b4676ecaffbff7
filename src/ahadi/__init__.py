"""Ahadi: an open-source contact centre that keeps its promises."""

__version__ = "0.1.0"
