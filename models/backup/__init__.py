"""Backup and restore: the whole store in one file that either database engine can take back.

`write_backup` reads a running store and writes the archive, `check_archive` proves that an archive
is whole, `restore_archive` fills an empty store from it. The form is Razbor's own and neutral: rows
as lines of JSON, so a backup of SQLite restores on PostgreSQL and the other way round.
"""

from models.backup.archive import ArchiveError, ArchiveSummary, check_archive
from models.backup.restore import restore_archive
from models.backup.writing import write_backup

__all__ = ["ArchiveError", "ArchiveSummary", "check_archive", "restore_archive", "write_backup"]
