//! Loads, limits and calls plugins. Knows no HTTP, no SQL and no YAML.
