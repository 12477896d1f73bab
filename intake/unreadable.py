"""The error of every reader of attached files.

Its message says in an operator's words why a file was not read; it is shown beside the
file's name as a warning on the message.
"""

from __future__ import annotations


class UnreadableFileError(ValueError):
    """A file cannot be read: broken, encrypted, too large, too slow. The message says which."""
