"""What the commands for claims do once their options are read."""
