"""Pictures out of published packages, questions about them, and what a right answer must and must not say.

The labels were made by looking at the pictures. A third of the pictures, chosen by the SHA-256 of their names, is held
out: no rule was made or changed after its answers, and its phrasings are others than those of the rest.
"""
