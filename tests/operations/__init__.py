"""The runbook, typed in as it stands, on a fresh machine."""
