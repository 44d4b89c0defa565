"""The embedded exchange: Deribit's perpetuals, accounts and wire protocol on one machine.

A product of its own. The core is a pure state machine (request in, replies and notifications out, time as an
argument, one seed); the shell puts it behind a socket. It keeps its own books and shares no formula with `trading`:
an error there cannot hide here. Read it from the inside out:

the engine      engine (begin here), placing, matching, triggers, linked, editing, checks, book, depth, market, bars,
                accounts, margin, liquidation, settlement, archive, questions, numbering, records, changes, image
the protocol    exchange (the door), service, desk, rpc, params, methods/, sessions, auth, scopes, credits, shapes*,
                topics*, channels, notifications, outbox, timers, troubles, overview, encoding, exact, errors,
                floor
what it is fed  feeds/, faults/, settings, switches, instruments, checked, recording
the shell       process, server, pump, ports, clock, admin, journal, remembered, request_log
"""
