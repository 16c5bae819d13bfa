"""What the commands for circuits do once their options are read."""
