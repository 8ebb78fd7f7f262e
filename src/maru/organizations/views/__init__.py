"""Pages of signing up and joining, of members, groups and the organization."""
