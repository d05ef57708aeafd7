"""Find the past answers: full-text search over topics in Russian, Ukrainian and English."""
