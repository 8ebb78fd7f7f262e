"""Base templates, components, icons and built assets. No domain words, no database."""
