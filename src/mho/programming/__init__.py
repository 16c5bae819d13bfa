"""Closed-loop programming protocols; they see a bench and nothing behind it."""
