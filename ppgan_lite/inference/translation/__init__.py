"""The predictor that translates and restores: a net over a whole picture, in tiles, or stage by stage."""
