"""Why a prediction is what it is: copies of the repeat unit in a chain, contributions of atoms, drawings."""
