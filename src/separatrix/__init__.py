"""Separatrix: planning and rehearsing the separation of twins joined at the head."""
