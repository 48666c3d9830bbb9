"""The services as data, and the files that are made of them."""
