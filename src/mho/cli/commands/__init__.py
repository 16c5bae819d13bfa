"""One file for each command: from words to values, and from results to lines."""
