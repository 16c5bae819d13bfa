"""Memristor cells, vectorised over cells; no rows, wires or converters here."""
