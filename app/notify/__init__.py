"""Telling people: follows, letters, feeds."""
