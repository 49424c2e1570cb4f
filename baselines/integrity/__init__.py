"""Proof that patches are whole: archives, trees, manifests, repair, and the gate of the baselines."""
