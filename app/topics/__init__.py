"""The heart: questions, ideas, problems and praise, their answers, and who stands for what."""
