"""Keys of model endpoints: where they come from, and the system's keyring, which keeps them."""
