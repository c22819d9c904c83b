"""What one record comes to, and why: for `seek-signals explain`. Sends nothing, commits nothing."""
