"""The whole service on one thread, one clock and one seed, against the embedded exchange in the same process.

The classes are those that run live; only the runtime, the clock and the transport are others.
"""
