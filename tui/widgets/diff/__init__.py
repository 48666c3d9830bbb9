"""A change to be looked at and chosen from."""
