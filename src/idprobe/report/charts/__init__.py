"""Figures as inline SVG, and what a load run looks like."""
