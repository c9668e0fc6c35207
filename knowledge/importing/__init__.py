"""Guides, documents and FAQ out of the files that offices really have.

Bytes go in; guides come out, with a rejection for each row that couldn't be read. The order of
the work is the order of the modules: `rows` (and its three readers) turns bytes into rows,
`columns` recognises what each column holds, `cells`, `places`, `phones` and `listings` read the
messy cells, `assemble` groups rows to guides, `importer` does it all for a file. These are pure.
`publication` puts the result into the store.
"""
