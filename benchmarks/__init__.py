"""Measurements on real input and of the real server; nothing in ``pdp`` imports this package."""
