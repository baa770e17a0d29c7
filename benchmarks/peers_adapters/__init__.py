"""Adapters that run inside a peer's own environment: they import its library and the standard library, nothing else."""
