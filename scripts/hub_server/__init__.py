"""A small Hugging Face Hub on this machine; `scripts/local_hub.py` starts it.

From below upwards: `names` and `files`; `repo` and `store`, which keep everything; `routing` and `access`, which every call
goes through; the calls by subject (`accounts`, `cards`, `listing`, `tree`, `commits`, `refs`, `lfs`, `xet`, `spaces`, `buckets`,
`jobs`) and the `pages` for people; `app`, which puts them together, and `command`, which serves it.
"""
