"""Tiles of 1T1R cells with their periphery: selectors, wires, converters."""
