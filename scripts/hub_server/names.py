"""The addresses, names and files that the local Hub takes, as patterns and limits."""

import re

KINDS = ("models", "datasets", "spaces")
RESERVED = ("api", "lfs", "xet", "buckets", "jobs", *KINDS)  # first parts of addresses, so no user's names
LFS_THRESHOLD = 10 * 1024 * 1024  # bytes; a larger file goes through LFS whatever its name, as on the Hub
SPACE_COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SPACE_SDKS = ("gradio", "docker", "static", "streamlit")
LFS_PATTERNS = """
*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.keras *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx
*.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm
*.xz *.zip *.zst *tfevents*
"""
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS.split())
NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
SHA = re.compile(r"[0-9a-f]{7,40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
REF_NAME = re.compile(r"(?!/|\.|-|refs/)(?!.*(//|\.\.|@\{|/\.|\.lock$|\.lock/|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]{1,200}")
KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
