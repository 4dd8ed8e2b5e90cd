"""The decision: hard limits first, then what no other candidate beats, a ranking only for weights that somebody set.

`decide` makes a `Decision` out of a comparison; `words` says it, `record` writes it down, `saved` keeps it. Nothing is
imported here, so that a page that shows a decision does not load what makes one.
"""
