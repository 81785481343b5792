"""What every warehouse has to do alike, whichever it is."""
