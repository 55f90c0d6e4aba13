"""How sure a prediction is: blending, expected error, conformal intervals, domain of validity."""
