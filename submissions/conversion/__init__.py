"""Converting runs: any format into any, mending what can be mended, and into what boards take."""
