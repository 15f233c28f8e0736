"""The steps between decoding and encoding, one module each; `recipe.py` says in which order."""
