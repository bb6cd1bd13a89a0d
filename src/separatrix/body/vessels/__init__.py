"""Vessels: whose blood goes where, who keeps what, in what order and stages."""
