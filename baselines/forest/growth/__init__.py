"""Growing scikit-learn's trees without its price: the same trees, to the last bit."""
