"""The measurements behind the claims; each knows a cell and a size, no paper."""
