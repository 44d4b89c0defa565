"""The trade itself: words, sizes, prices, states and messages.

Everything here is a value or a function of its arguments. Nothing here knows a clock, a thread,
a socket, a database or chance; whoever needs one of those is another package and calls this one.
"""
