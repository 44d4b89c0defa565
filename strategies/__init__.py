"""Strategies: one module each, found by the registry. They look and wish; they never send, wait or know the time."""
