"""What a page's Content-Security-Policy lets happen, as browsers read it (CSP Level 3)."""
