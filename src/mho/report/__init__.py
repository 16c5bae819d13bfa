"""The page that a deployment leaves behind: figures, tables and small print in one file."""
