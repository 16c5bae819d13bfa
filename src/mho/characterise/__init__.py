"""What cells can do: levels, bits, noise."""
