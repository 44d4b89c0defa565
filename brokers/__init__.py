"""What a broker must be able to do (the port), and the one adapter that does it: Deribit's.

Read ``port`` first, then ``requests``, ``outcomes`` and ``facts``. Nothing in here decides about a trade.
"""
