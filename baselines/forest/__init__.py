"""Run 1: scikit-learn's random forest, tree for tree, at a twentieth of its memory."""
