"""What several test files share: paths, a local Hub, makers of small tables, networks and ensembles, malformed files."""
