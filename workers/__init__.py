"""Decisions about mails, the replies they cause, and the Celery tasks around both."""
