"""The demo: the paper's accident and what glckit does about it, played with glckit's own commands."""
