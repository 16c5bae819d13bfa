"""What commands do once their options are read: compute, save, show. Needs torch."""
