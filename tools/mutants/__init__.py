"""Deliberate faults in the safety core, each of which the simulation must notice: `make mutants`."""
