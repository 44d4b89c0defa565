"""How fast it is, measured: one module for each figure, `python -m bench` for all of them.

Every figure is the median of several runs with the least and the most beside it. Nothing here is a test: a noisy
machine makes a bad figure, never a failure.
"""
