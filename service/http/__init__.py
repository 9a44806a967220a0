"""The HTTP parts that all features share: errors, limits, paging, waiting."""
