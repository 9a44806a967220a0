"""What every endpoint needs and no feature owns: errors, limits, paging, waiting."""
