"""What operators ask before and beside a run: `explain` and `check`, on real parts."""
