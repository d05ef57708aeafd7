"""What every slice stands on: database, events, permissions, the web door, time, text, mail."""
