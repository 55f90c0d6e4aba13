"""What a trained ensemble is worth: figures of merit, pictures, the model card, energy."""
