"""What the commands for equations do once their options are read."""
