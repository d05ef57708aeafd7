"""Otklik: a bank's public forum where named executives answer within a promised time."""
