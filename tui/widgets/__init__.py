"""Small reusable parts, complete with their default styles."""
