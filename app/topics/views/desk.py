"""The desk: a pile to work through, soonest due first."""
