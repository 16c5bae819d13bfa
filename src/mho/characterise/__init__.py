"""What a measured trace says: levels, traps, amplitudes and times of telegraph noise."""
