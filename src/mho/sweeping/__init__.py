"""What a result depends on: fields of presets and protocols over a grid of values."""
