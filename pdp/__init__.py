"""An intent-aware policy decision point for AI agents.

The public names are in ``pdp.client``, ``pdp.types`` and ``pdp.errors``.
"""

__version__ = "0.1.0"
