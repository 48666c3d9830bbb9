"""The bus: what its topics are called, what is on them and who reads them, and messages as they come."""
