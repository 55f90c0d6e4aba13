"""Our presets beside a forest and chemprop on public sets of polymers, all on the same folds."""
