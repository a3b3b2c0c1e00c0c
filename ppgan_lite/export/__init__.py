"""Giving a net away: files that other programs run, with a card and with proof that they give what the net gives."""
