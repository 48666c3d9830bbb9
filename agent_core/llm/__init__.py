"""The language-model port and its adapters. Vendor libraries are imported inside the adapter that uses them."""
