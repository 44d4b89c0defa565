"""The API over HTTP: it asks and shows, and decides nothing. `app.make_app` is a function of what it is given.

Reading goes to the journal's board and the store; only commands reach an actor, and each has a time limit. Start
reading at `parts` (what it is made of) and `app` (where everything is).
"""
