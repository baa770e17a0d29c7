"""Measurements on real input and of the real server; nothing in ``pdp`` imports this package."""

import os

# As the service has it (``pdp.cli``), and before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
