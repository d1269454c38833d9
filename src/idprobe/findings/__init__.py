"""From the judgements of a run to its findings, its gate and its exit code."""
