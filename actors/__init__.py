"""The shells around the core: what every actor stands on, and the actors themselves."""
