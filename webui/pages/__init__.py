"""The page: what a person sees, drawn on the server. It only asks and shows; every command goes by the API.

`mount` puts it into the application. A view is made of regions, and an open page fetches again only the regions that
an event of the stream concerns.
"""

from webui.pages.routes import mount

__all__ = ["mount"]
