"""What an answer means, in the words that checks share: one module for each kind of answer.

Each reads redacted exchanges and knows three outcomes: it is so, it is not so, or the evidence
cannot tell, which raises EvidenceError.
"""
