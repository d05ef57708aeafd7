"""Reading what the promise rests on: rules, promises, people."""
