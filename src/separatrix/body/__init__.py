"""Body wing: what the twins share and where to part them. Knows anatomy and nothing of people."""
