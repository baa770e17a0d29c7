"""What stands for an answer that did not come: a refusal that says why. Pure, and closed on every failure."""

from __future__ import annotations

from pdp.errors import GrantRefused, PdpError
from pdp.runtime import Attenuation, Consumption, SessionAnswer
from pdp.types import Reason, ReasonCode


def no_session(error: PdpError) -> SessionAnswer:
    """No session was opened."""
    return SessionAnswer("", (Reason(ReasonCode.INTERNAL_ERROR, _text(error)),))


def no_use(error: PdpError) -> Consumption:
    """No use was taken, as far as the gateway may rely on it."""
    return Consumption(False, refusal=_word(error), text=_text(error))


def no_grant(error: PdpError) -> Attenuation:
    """There is no narrower grant."""
    return Attenuation(refusal=_word(error), text=_text(error))


def _word(error: PdpError) -> str:
    return error.fault if isinstance(error, GrantRefused) else error.code


def _text(error: PdpError) -> str:
    return f"no usable answer: {error.code}: {error}"
