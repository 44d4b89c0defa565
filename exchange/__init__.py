"""The embedded exchange: Deribit's perpetuals, accounts and wire protocol on one machine.

A product of its own. The core is a pure state machine (request in, replies and notifications out, time as an
argument, one seed); the modules `server`, `admin`, `journal` and `process` put it behind a socket.
It keeps its own books and shares no formula with `trading`: an error there cannot hide here.
"""
