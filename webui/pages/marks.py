"""The small signs of the page: icons, and chips that say a state by a sign and a word, never by colour alone."""

from typing import Final

from bottle import html_escape

from trading.lifecycle import State
from webui.pages.texts import Words

_PATHS: Final = {
    "check": "M3.2 8.4 6.6 11.8 12.8 4.6",
    "dot": "M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8",
    "eye": "M1.6 8C3 5.2 5.3 3.8 8 3.8s5 1.4 6.4 4.2C13 10.8 10.7 12.2 8 12.2S3 10.8 1.6 8ZM8 6.2a1.8 1.8 0 1 0 0 3.6"
    " 1.8 1.8 0 0 0 0-3.6",
    "bolt": "M9 1.8 3.6 9H8l-1 5.2L12.4 7H8Z",
    "arrow": "M2.6 8h10M8.8 4.2 12.6 8l-3.8 3.8",
    "up": "M3 11.4 7 7.2l2.4 2.4L13.4 4.6M9.8 4.4h3.6V8",
    "shield": "M8 1.8 13 3.6v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4Z",
    "clock": "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 4.8V8l2.4 1.6",
    "pause": "M5.6 3.6v8.8M10.4 3.6v8.8",
    "stop": "M4.2 4.2h7.6v7.6H4.2Z",
    "cross": "M4 4l8 8M12 4l-8 8",
    "alert": "M8 2.2 14.4 13.4H1.6ZM8 6.4v3.4M8 11.6v.2",
    "info": "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 7.4v3.6M8 5v.2",
    "link": "M6.4 9.6 9.6 6.4M7 4.6l1.6-1.6a3.1 3.1 0 0 1 4.4 4.4L11.4 9M9 11.4 7.4 13A3.1 3.1 0 0 1 3 8.6L4.6 7",
    "broken": "M7 4.6l1.6-1.6a3.1 3.1 0 0 1 4.4 4.4L11.4 9M9 11.4 7.4 13A3.1 3.1 0 0 1 3 8.6L4.6 7M3 3l10 10",
    "hand": "M4 8.6V5.2M6.6 7.6V3M9.2 7.6V3.2M11.8 8.4V5M4 8.4c0 3.4 1.6 5.4 4.2 5.4 2.4 0 3.6-1.8 3.6-5.4",
    "send": "M2 8 14 2.6 10.6 13.6 7.6 9ZM7.6 9 14 2.6",
    "book": "M2.8 3h4.4L8 3.8 8.8 3h4.4v9.6H8.8L8 13.4l-.8-.8H2.8ZM8 3.8v9.6",
    "menu": "M2.4 4.4h11.2M2.4 8h11.2M2.4 11.6h11.2",
    "home": "M2.4 7.6 8 2.6l5.6 5v6H9.6V9.8H6.4v3.8h-4Z",
    "list": "M5.6 4.4h8M5.6 8h8M5.6 11.6h8M2.6 4.4h.2M2.6 8h.2M2.6 11.6h.2",
    "gear": "M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8ZM8 1.8v1.8M8 12.4v1.8M1.8 8h1.8M12.4 8h1.8M3.6 3.6l1.3 1.3"
    "M11.1 11.1l1.3 1.3M12.4 3.6l-1.3 1.3M4.9 11.1l-1.3 1.3",
    "scale": "M8 2.4v11M4.6 13.4h6.8M3 4.4h10M3 4.4 1.4 9h3.2ZM13 4.4 11.4 9h3.2Z",
}

TONES: Final = ("good", "note", "warn", "bad", "calm")

_STATES: Final = {
    State.IDLE: ("calm", "stop"),
    State.ANALYZING: ("good", "eye"),
    State.SIGNAL_DETECTED: ("note", "bolt"),
    State.ENTERING_POSITION: ("note", "arrow"),
    State.POSITION_OPEN: ("good", "up"),
    State.CLOSING: ("note", "arrow"),
    State.COOLDOWN: ("calm", "clock"),
    State.PAUSED: ("warn", "pause"),
    State.ERROR: ("bad", "alert"),
}
_PHASES: Final = {
    "entering": ("note", "arrow"),
    "open": ("good", "up"),
    "closing": ("note", "arrow"),
    "closed": ("calm", "check"),
    "ended": ("calm", "dot"),
    "quarantined": ("bad", "hand"),
}
_SEVERITIES: Final = {
    "critical": ("bad", "alert"),
    "error": ("bad", "alert"),
    "warning": ("warn", "alert"),
    "info": ("calm", "info"),
}
_UNKNOWN: Final = ("calm", "dot")


def icon(name: str) -> str:
    """Give the markup of a sign; it is decoration, the word beside it is what counts."""
    return (
        '<svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">'
        f'<path d="{_PATHS[name]}"/></svg>'
    )


def said(sentence: str) -> str:
    """Give the markup of a sentence in which `commands` stand: as code, as they are typed."""
    parts: list[str] = html_escape(sentence).split("`")
    if len(parts) % 2 == 0:  # one that nothing closes is no more than a letter
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def chip(tone: str, sign: str, word: str) -> str:
    """Give the markup of a chip."""
    assert tone in TONES, tone
    return f'<span class="chip {tone}">{icon(sign)}<span>{html_escape(word)}</span></span>'


def state_chip(state: str, t: Words) -> str:
    """The state of a strategy."""
    tone, sign = _STATES[State(state)] if state in set(State) else _UNKNOWN
    return chip(tone, sign, t.known("state", state))


def phase_chip(phase: str, t: Words) -> str:
    """Where a trade is."""
    tone, sign = _PHASES.get(phase, _UNKNOWN)
    return chip(tone, sign, t.known("phase", phase))


def severity_chip(severity: str, t: Words) -> str:
    """How bad an alert is."""
    tone, sign = _SEVERITIES.get(severity, _UNKNOWN)
    return chip(tone, sign, t.known("severity", severity))


def side_chip(side: str, t: Words, of: str = "side") -> str:
    """The direction of a position (``side``) or of an order (``deal``): an arrow and a word."""
    sign = "\u2191" if side == "buy" else "\u2193"
    return f'<span class="side {"long" if side == "buy" else "short"}">{sign} {html_escape(t.known(of, side))}</span>'
