"""The predictor that paints: it drafts a photo in a painting's style, then revises the draft level by level."""
