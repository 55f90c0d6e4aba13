"""Names of the files of a trained ensemble, for those who write, publish and fetch them."""

FORMAT = "polyid-bundle"
FORMAT_VERSION = 1
BUNDLE_FILES = ("parameters.json", "metrics.json", "splits.json", "out_of_fold.csv", "README.md")
FOLD_FILES = ("model.safetensors", "preprocessor.json", "scaler.json", "training_log.csv")
