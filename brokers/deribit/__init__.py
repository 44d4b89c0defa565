"""Deribit's dialect as a state machine without sockets, clocks or threads: time and messages are arguments.

Start with ``session``; ``broker`` joins it to a transport. The main net, the test net and the embedded exchange
are one and the same here.
"""
