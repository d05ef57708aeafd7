"""What the community manager does to topics: always with a reason, always on record."""
