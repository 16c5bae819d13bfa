"""From measurements to knowledge: levels, telegraph noise, losses in wires.

Nothing here draws or talks to people: results are values.
"""
