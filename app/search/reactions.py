"""What the index does when something happens to a topic."""
