"""Text in, prediction out: features, training, evaluation and the model artefact."""
