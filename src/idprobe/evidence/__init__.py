"""What a run leaves on disk: recorded exchanges, their manifest, its signature, the folder."""
