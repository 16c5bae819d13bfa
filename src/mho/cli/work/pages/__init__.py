"""What the commands for pages do once their options are read."""
