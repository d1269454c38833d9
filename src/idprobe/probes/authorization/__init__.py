"""Experiments at the authorization endpoint: requests, responses, redirect_uri, PKCE."""
