"""The review page: one HTML file to check and correct the values of results."""
