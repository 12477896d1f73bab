"""Extraction: identifiers, dates, periods, amounts, phones, secrets and other findings of a mail's texts."""

from intake.extraction.extract import extract
from intake.extraction.fields import Extraction, MailFields

__all__ = ["Extraction", "MailFields", "extract"]
