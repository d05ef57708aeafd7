"""Pictures people upload: checked, stripped, re-encoded, served."""
