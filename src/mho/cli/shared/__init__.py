"""What commands share: options, tables, words for progress and interruptions."""
