"""One cell: the laws that it follows, what it is at a moment, and what has been published of it.

`laws` are functions of values, each after its source; `filament` has the cells that follow them;
`published` has one file for each chip that somebody has measured.
"""
