"""Late fusion (run 4): the scores of several runs, averaged occurrence by occurrence."""
