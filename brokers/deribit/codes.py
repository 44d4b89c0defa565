"""Deribit's error codes, sorted by what they prove. A code not named here proves a refusal, as its table says."""

IN_DOUBT = frozenset({10001, 11094, 13028})
"""The server itself does not know: the request may have taken effect."""

LOGIN_LOST = frozenset({10000, 13009})
"""Refused because the login is not valid any more; logging in anew is the cure."""

WRONG_KEY = frozenset({13004})
"""No retry will help: the key or its secret is wrong."""

NOT_OPEN = frozenset({10004, 10010, 10029, 11008, 11044})
"""The order is not open for us (any more): read it, and its trades, to learn whether it filled."""

TOO_MANY_REQUESTS = 10028
"""Out of credits: refused, and the exchange ends the session."""

SYSTEM_MAINTENANCE = 11051
"""May come without being asked."""

TIMED_OUT = 13888
"""``valid_until`` had passed: it proves that nothing happened."""
