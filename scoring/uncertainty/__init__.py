"""How sure a score is, and whether one run is better than another: quadrats are drawn, never occurrences.

`units` says what is drawn, `sampling` draws it, `largest` and `refitting` fit the threshold again in each
replicate, `estimate` prepares one run, `interval` and `comparison` hold what comes of it.
"""
