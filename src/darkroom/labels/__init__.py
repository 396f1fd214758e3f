"""Which labels are worth a second look, and how much such a list can be trusted."""
