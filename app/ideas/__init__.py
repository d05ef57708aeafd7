"""What becomes of ideas: a state, always signed and explained in public."""
