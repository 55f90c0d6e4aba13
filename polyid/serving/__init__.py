"""One model for many who ask at once: shared calls, remembered answers, limits."""
