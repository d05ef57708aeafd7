"""The bank's face on Otklik: name, logo, colours, words, languages."""
