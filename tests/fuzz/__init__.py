"""Hostile input: none crashes anything, and none costs more than its bound."""
