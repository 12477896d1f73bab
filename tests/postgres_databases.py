"""Databases of the private PostgreSQL cluster, one for each test: emptied and lent again, not made anew.

Making a database copies some three hundred files and costs the server more than most tests
do. So what comes back is emptied: other sessions are ended, rows are deleted, sequences
stand where the migrations left them. A database whose schema, settings or version is no
longer that of the template is dropped instead, and so is any that cannot be emptied.
"""

from __future__ import annotations

import time
from uuid import uuid4

import psycopg
from psycopg import sql

from models.store import open_store
from models.store.migrate import migrate

_END_TIMEOUT_S = 10
_SHAPE = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull, atthasdef) AS line
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT pg_get_constraintdef(oid) || conname FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT array_to_string(setconfig, ',') FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'main ' || version_num FROM alembic_version_main
    UNION ALL SELECT 'intake ' || version_num FROM alembic_version_intake
) AS described
"""


def database_url(cluster: str, name: str) -> str:
    """Return postgresql://... of another database of the cluster that an address leads to."""
    head, _, query = cluster.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


class PostgresDatabases:
    """The template, and the databases that are free just now."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.template = "rz_template_" + uuid4().hex[:8]
        self._free: list[str] = []
        # One session stays with each database: a new one would read the catalogue anew to empty it.
        self._sessions: dict[str, psycopg.Connection] = {}
        self._on_cluster("CREATE DATABASE {}", self.template)
        url = self.address(self.template)
        alchemy = url.replace("postgresql://", "postgresql+psycopg://")
        store = open_store(alchemy, alchemy)
        migrate(store)
        store.close()
        with psycopg.connect(url) as db:
            self._shape = _shape(db)
            self._tables = _names(db, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            self._starts = _sequences(db)

    def address(self, name: str) -> str:
        """Return postgresql://... of a database of the cluster."""
        return database_url(self.cluster, name)

    def take(self) -> str:
        """Return the name of a migrated, empty database that nobody else uses."""
        if self._free:
            return self._free.pop()
        name = "rz_" + uuid4().hex[:12]
        self._on_cluster("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test; drop it where that cannot be done."""
        emptied = False
        for _ in range(2):  # the first time our own session may have been ended by the test
            try:
                emptied = self._emptied(name)
                break
            except psycopg.Error:
                self._forget_session(name)
        if emptied:
            self._free.append(name)
        else:
            self._forget_session(name)
            self._on_cluster("DROP DATABASE {} WITH (FORCE)", name)

    def _forget_session(self, name: str) -> None:
        if name in self._sessions:
            self._sessions.pop(name).close()

    def _emptied(self, name: str) -> bool:
        if name not in self._sessions:
            self._sessions[name] = psycopg.connect(self.address(name), prepare_threshold=1)
        db = self._sessions[name]
        _end_other_sessions(db)
        with db.transaction():
            if _shape(db) != self._shape:
                return False
            db.execute("SET LOCAL session_replication_role = replica")  # rows may go in any order
            filled = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table, sql.Identifier(table))
                for table in self._tables
                if not table.startswith("alembic_version_")
            )
            for (table,) in db.execute(filled).fetchall():
                db.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            restarts = [
                sql.SQL("setval({}, {}, {})").format(sequence, last, called)
                for sequence, (last, called) in self._starts.items()
            ]
            db.execute(sql.SQL("SELECT ") + sql.SQL(", ").join(restarts))
        return True

    def _on_cluster(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.cluster, autocommit=True) as db:
            db.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]  # ours


def _shape(db: psycopg.Connection) -> str:
    row = db.execute(_SHAPE).fetchone()
    assert row is not None
    return str(row[0])


def _names(db: psycopg.Connection, query: str) -> list[str]:
    return [str(name) for (name,) in db.execute(query).fetchall()]  # type: ignore[arg-type]  # written here


def _sequences(db: psycopg.Connection) -> dict[str, tuple[int, bool]]:
    """Return where each sequence stands: its last value and whether that was given out."""
    found = {}
    for name in _names(db, "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"):
        row = db.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        ).fetchone()
        assert row is not None
        found[name] = (int(row[0]), bool(row[1]))
    return found


def _end_other_sessions(db: psycopg.Connection) -> None:
    """End what a test left connected and wait until it is gone: nothing may be written afterwards."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    db.autocommit = True
    deadline = time.monotonic() + _END_TIMEOUT_S
    while db.execute(f"SELECT pg_terminate_backend(pid) {others}").fetchall():
        if time.monotonic() > deadline:
            raise psycopg.OperationalError("sessions of the test do not end")
        time.sleep(0.005)
    db.autocommit = False
