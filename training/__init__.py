"""Builds and measures the models that ``pdp`` runs. ``pdp`` never imports this package."""
