"""Search over conversations: what was said, wherever it was said, without an index.

`query` is what is looked for and `said` what is looked at; both are decided on decoded text. `sieve` says how a line of
a file must look to be worth decoding, and `lines` passes over all others at the speed of the disk: it lets too many
through and never too few. `looking` goes over the conversations, `ranking` sorts, `hits` is what is found.

Nothing here writes, and no index is kept that could be wrong.
"""
