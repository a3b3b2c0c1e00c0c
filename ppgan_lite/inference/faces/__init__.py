"""Faces in photos (`detection`), and less strength for them (`sparing`)."""
