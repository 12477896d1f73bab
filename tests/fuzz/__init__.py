"""Fuzzing of the mail reader: one target, own mutations or coverage-guided ones."""
