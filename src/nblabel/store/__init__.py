"""The event log: what every annotator did, kept in SQLite or PostgreSQL, and what it comes to.

Events go in, durably and once only, whatever is replayed; responses, undo and history come out.

Examples
--------
>>> from nblabel.records import Event, Patch
>>> with open_store(":memory:") as store:
...     [stored] = store.append("demo", [Event("e1", "item 1", "ada", "flag", Patch(flagged=True))])
...     store.response("demo", "ada", "item 1").flagged
True
"""

from .append import Stored
from .store import State, Store, Trace, open_store

__all__ = ["State", "Store", "Stored", "Trace", "open_store"]
