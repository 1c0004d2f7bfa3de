"""Models behind one protocol: cloud vendors through their own SDKs, the local one on this machine."""
