"""From a trained network to a network that runs on tiles."""
