"""Faults on real parts: processes killed, and the oracle that says whether anything was lost."""
