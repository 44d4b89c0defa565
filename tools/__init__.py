"""Small programs and helpers for working on the repository. Nothing that runs in the service imports them."""
