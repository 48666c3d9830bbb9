"""The generated services: description, lifecycle, and the programs that run inside them."""
