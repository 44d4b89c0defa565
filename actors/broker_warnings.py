"""What only people have to know of the line to the exchange: such a fact as a kind, a sentence, and how loud it is."""

from brokers import facts
from trading.bracket.effects import Severity


def warning_of(fact: facts.Fact) -> tuple[str, str, Severity] | None:
    """What to tell; None for what is counted elsewhere, or not at all."""
    match fact:
        case facts.LoginFailed(reason=reason):
            return ("login_failed", f"the login failed: {reason}", Severity.CRITICAL)
        case facts.ScopeTooSmall(missing=missing):
            return ("scope", f"the key may not do what trading needs: {', '.join(missing)}", Severity.ERROR)
        case facts.KeyTooPowerful(excess=excess):
            return ("scope", f"the key may do more than trading needs: {', '.join(excess)}", Severity.WARNING)
        case facts.CancelOnDisconnectArmed(scope=scope):
            text = f"cancel-on-disconnect is armed ({scope}): a lost connection would take the stops away"
            return ("cancel_on_disconnect", text, Severity.CRITICAL)
        case facts.MissingChannels(channels=channels):
            return ("channels", f"nothing will be told on {', '.join(channels)}", Severity.ERROR)
        case facts.Maintenance(is_on=is_on):
            return ("maintenance", f"the exchange has {'begun' if is_on else 'ended'} maintenance", Severity.WARNING)
        case facts.Locked(name=name, is_locked=is_locked):
            return ("locked", f"{name} was {'locked' if is_locked else 'freed'} by the exchange", Severity.WARNING)
        case facts.SilentSocket(silent_ms=silent_ms):
            return ("silent", f"nothing came for {silent_ms // 1000} s: the connection is dead", Severity.WARNING)
        case facts.ErrorTold(code=code, message=message):
            return ("error_told", f"the exchange said {message} ({code})", Severity.WARNING)
        case facts.CheckUnanswered(what=what, reason=reason):
            return ("check", f"{what} could not be checked: {reason}", Severity.WARNING)
        case _:
            return None  # renewed logins, stray replies and unreadable frames are counted in the journal's log only
