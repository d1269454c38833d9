"""What everything else speaks of: exchanges, profiles, requirements and verdicts."""
