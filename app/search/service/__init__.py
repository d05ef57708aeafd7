"""What the search does: find, and keep the index true."""
