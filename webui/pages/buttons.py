"""Buttons that give commands. Each says what it will do; a dangerous one asks again, with the exact sentence.

The sentences stand in the tables of texts under `say.`, the words on the buttons under `do.`.
"""

from typing import Any, Final

import msgspec
from bottle import html_escape

from webui.pages.asking import Asking

AT_ONCE: Final = frozenset({"pause", "halt", "reconcile", "acknowledge", "test", "test_message", "backup", "connect"})
"""They make nothing riskier, and some are pressed in a hurry: no second step."""

TYPED: Final = {"panic": "panic"}
"""These want a word typed."""

_LOUD: Final = frozenset({"panic", "close"})


def button(asking: Asking, action: str, address: str, *, method: str = "POST", **about: Any) -> str:
    """Draw a button; nothing when no such address answers.

    ``about`` may hold the body, a choice offered with it (``option``), the key of its texts when that is not the action
    (``text``), how it looks (``kind``), and whatever is filled into its sentence (``name``).
    """
    if not asking.doors.has(method, address):
        return ""
    t = asking.t
    body = about.pop("body", None)
    kind = about.pop("kind", "loud" if action in _LOUD else "")
    key = about.pop("text", action)
    option = about.pop("option", "")
    sentence = t(f"say.{key}", **about)
    word = t(f"do.{key}", **about)
    attributes = {
        "data-command": address,
        "data-method": method,
        "data-body": msgspec.json.encode(body or {}).decode(),
        "data-say": sentence,
        "data-title": t(f"ask.{key}", **about) if t.has(f"ask.{key}") else word,
        "data-word": about.pop("word", "") or TYPED.get(action, ""),
        "data-option": option,
        "data-option-text": t(f"option.{option}") if option else "",
        "data-step": "" if action in AT_ONCE else "2",
        "title": sentence if asking.who.may_operate else t("looking.only"),
    }
    written = "".join(f' {name}="{html_escape(value)}"' for name, value in attributes.items() if value)
    off = "" if asking.who.may_operate else " disabled"
    about_what = about.get("name")
    label = f' aria-label="{html_escape(f"{word} {about_what}")}"' if about_what else ""
    return f'<button type="button" class="button {kind}"{written}{label}{off}>{html_escape(word)}</button>'
