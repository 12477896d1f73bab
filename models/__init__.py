"""Data models: the records that pass between stages, topics, tables, store and migrations.

Trained models are not here: an artefact is a row of `model_version`, written by `classifier`.
"""
