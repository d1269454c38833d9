"""From a check and the traces that it reads to a judgement."""
