"""The container engine, through its own command line: what runs, and how it is started and watched."""
