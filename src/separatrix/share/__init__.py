"""Share: hand the plan over."""
