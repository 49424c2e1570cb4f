"""Pictures of scores and comparisons: readable in print and by the colour-blind, each with its words."""
