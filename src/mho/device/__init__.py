"""One cell: laws, state, presets."""
