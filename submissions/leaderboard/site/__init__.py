"""The pages of a season: static, whole in themselves, and opened from disk.

`shown` says what a site tells and what it keeps to itself, `withheld` and `cells` how; `board`, `history`,
`runs` and `pairs` prepare what is told, `drawing` its pictures, `exports` the files of data, `pages` the
HTML; `building` makes the folder, and `folder` puts it in its place.
"""
