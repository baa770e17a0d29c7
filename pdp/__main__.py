"""``python -m pdp`` is ``pdp``."""

import sys

from pdp.cli import main

sys.exit(main())
