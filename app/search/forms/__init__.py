"""What staff write about searches: each module is one subject."""
