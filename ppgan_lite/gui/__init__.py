"""The window. Nothing else imports PyQt5, and nothing here imports Paddle before a worker thread needs it."""
