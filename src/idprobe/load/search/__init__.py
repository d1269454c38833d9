"""Looking for the highest rate that holds, and comparing whole runs."""
