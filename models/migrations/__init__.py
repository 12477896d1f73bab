"""Schema versions of both databases: `main` (everything) and `intake` (raw mail).

On SQLite they are two files, on PostgreSQL two version tables in one database.
"""
