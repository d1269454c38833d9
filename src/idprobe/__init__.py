"""idprobe."""
