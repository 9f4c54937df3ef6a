"""What may be said about a fit: likelihood ratio tests with the right null distribution, R² and ICC."""
