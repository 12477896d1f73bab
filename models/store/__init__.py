"""The only room that speaks SQL. Functions of an open connection, grouped by what they serve.

`open_store` gives a `Store`; `with store.read() as db` and `with store.write() as db` give
connections; the modules beside this one take such a connection and speak in the frozen
records of `models`.
"""

from models.store.engine import DATABASE_ERRORS, Db, Store, StoreError, open_store, savepoint

__all__ = ["DATABASE_ERRORS", "Db", "Store", "StoreError", "open_store", "savepoint"]
