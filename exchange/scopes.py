"""Scopes: what a key may do, what a login asked for, and the smaller of the two."""

from typing import Final, NamedTuple

LEVELS: Final = ("none", "read", "read_write")
_TIME_LENGTH: Final = 10  # digits of a lifetime in seconds
TOPICS: Final = ("account", "block_rfq", "block_trade", "trade", "wallet")


class Scope(NamedTuple):
    """What one login may do. `text` is what the client is told."""

    levels: dict[str, str]
    session_name: str | None
    expires_s: int | None
    address: str | None

    @property
    def levels_text(self) -> str:
        return " ".join(f"{topic}:{level}" for topic, level in self.levels.items())

    @property
    def text(self) -> str:
        lifetime = "connection" if self.session_name is None else f"session:{self.session_name}"
        rest = [] if self.expires_s is None else [f"expires:{self.expires_s}"]
        if self.address is not None:
            rest.append(f"ip:{self.address}")
        return " ".join([lifetime, "mainaccount", self.levels_text, *rest])

    def allows(self, need: str) -> bool:
        """Whether `need`, such as "trade:read", is covered."""
        topic, _, level = need.partition(":")
        return LEVELS.index(self.levels.get(topic, "none")) >= LEVELS.index(level)


def _words(text: str) -> dict[str, str]:
    pairs = (word.partition(":") for word in text.split())
    return {name: value for name, _, value in pairs}


def granted(asked: str, allowed: str) -> Scope:
    """The narrower of what was asked for and what the key allows.

    A topic that was not mentioned stands at what the key allows (why else is there `wallet:none`?); unknown
    words are ignored.
    """
    wishes, rights = _words(asked), _words(allowed)
    levels: dict[str, str] = {}
    for topic in TOPICS:
        most = rights.get(topic, "none")
        wish = wishes.get(topic, most)
        known = [LEVELS.index(level) for level in (most, wish) if level in LEVELS]
        level = LEVELS[min(known)] if len(known) == 2 else "none"  # noqa: PLR2004
        if level != "none":
            levels[topic] = level
    expires = wishes.get("expires", "")
    is_time = expires.isascii() and expires.isdigit() and len(expires) <= _TIME_LENGTH
    return Scope(
        levels=levels,
        session_name=wishes.get("session") or None,
        expires_s=max(1, int(expires)) if is_time else None,
        address=wishes.get("ip") or None,
    )
