"""Short videos, cut into scenes with a picture of each; no tables, no network."""
