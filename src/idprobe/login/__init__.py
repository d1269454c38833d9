"""Who plays the user's browser where forms do not: a person, or a Chromium that we carry for."""
