"""How sure a measured share is: Wilson score intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pdp.types import Json

Z_95 = 1.959963984540054
"""Two-sided 95% quantile of the normal distribution."""


def wilson(count: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval for ``count`` successes in ``total`` trials (E. B. Wilson, JASA 22, 1927).

    Unlike the normal approximation it stays within [0, 1] and says something sensible for 0 of n and n of n.
    Raises ``ValueError`` unless 0 <= count <= total and total > 0.
    """
    if total <= 0 or not 0 <= count <= total:
        msg = f"need 0 <= count <= total and total > 0, got {count} of {total}"
        raise ValueError(msg)
    share = count / total
    scale = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    # At the ends the interval touches 0 or 1 exactly; rounding must not push it off.
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == total else min(1.0, centre + half)
    return low, high


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total``. A share of nothing has no value and no interval."""

    count: int
    total: int

    def named(self, name: str) -> dict[str, Json]:
        """``<name>_share``, ``<name>_count`` and ``<name>_interval`` (95%) for a report; ``None``: share of nothing."""
        share = round(self.count / self.total, 6) if self.total else None
        interval = [round(bound, 6) for bound in wilson(self.count, self.total)] if self.total else None
        return {f"{name}_share": share, f"{name}_count": self.count, f"{name}_interval": interval}

    def __str__(self) -> str:
        if not self.total:
            return "none"
        low, high = wilson(self.count, self.total)
        return f"{self.count}/{self.total} = {self.count / self.total:.1%} [{low:.1%}, {high:.1%}]"
