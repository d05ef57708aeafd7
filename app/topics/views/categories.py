"""Managing categories: their words, their order, their people."""
