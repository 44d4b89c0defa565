"""The API over HTTP: it asks and shows, and decides nothing. `make_app` is a function of what it is given.

Reading goes to the journal's board and the store; only commands reach an actor, and each has a time limit.
"""

from webui.access import Access, LocalKey, first_tokens
from webui.app import make_app
from webui.parts import About, Parts, through
from webui.server import WebServer

__all__ = ["About", "Access", "LocalKey", "Parts", "WebServer", "first_tokens", "make_app", "through"]
