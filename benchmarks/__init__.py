"""What Ahadi costs, measured against its floor and its peers. Run by `make bench`; see docs/reference/benchmarks.md."""
