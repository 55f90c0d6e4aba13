"""Tables of polymers: reading files, columns, units and values; checks, folds, bundled and published data."""
