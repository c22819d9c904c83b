"""Each outage by name, on real parts: it ends in a hold, costs nothing, and ends by itself."""
