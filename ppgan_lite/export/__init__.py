"""Export nets to files that other programs run, with a model card and a numerical check."""
