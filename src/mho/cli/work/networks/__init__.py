"""What the commands for networks do once their options are read."""
