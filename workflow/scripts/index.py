"""All studies → the index of their pages."""
