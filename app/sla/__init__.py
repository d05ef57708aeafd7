"""The promise: who answers, by when, and whether the word was kept."""
