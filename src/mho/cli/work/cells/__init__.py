"""What the commands for cells do once their options are read."""
