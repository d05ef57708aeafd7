"""Personal data of one person: handed out, erased, kept no longer than needed."""
