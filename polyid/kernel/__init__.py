"""The kernel regression beside the networks."""
