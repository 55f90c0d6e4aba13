"""Parameters, presets and settings of training, checked where they are made."""
