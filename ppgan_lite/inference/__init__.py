"""Images in, image out: predictors built from a checkpoint alone, and how they run."""
