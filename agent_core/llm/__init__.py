"""The language-model port and its adapters. Vendor libraries are imported late, in their adapter."""
