"""The service's memory: SQLite by peewee. What is here survives the process; nothing here decides anything.

Start reading at `store`: the one object that actors hold. The peewee models stay inside; what goes in and out are
frozen dataclasses, each beside what keeps it.
"""
