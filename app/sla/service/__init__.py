"""What is done with promises: they are projected from events, watched, and their rules changed."""
