"""Load generators: how fast Maru is with a million tickets (docs/concepts/figures.md)."""
