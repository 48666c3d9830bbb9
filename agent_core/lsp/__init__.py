"""Language servers: found where they are installed, started when needed, asked in bounded time."""
