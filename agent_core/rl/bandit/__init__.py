"""The policies: ways to order the tools, all by what one `Knowledge` holds."""
