"""Figures and health: reads all, changes nothing."""
