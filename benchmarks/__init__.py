"""How fast dataforce is, beside what else does the work and what the machine allows.

Every figure of ours stands beside its peers' from the same run. Run all of it, or one subject:

```text
python -m benchmarks
python -m benchmarks registry --sizes 1000,10000
python -m benchmarks http remote_transfers
python -m benchmarks.transfers --gigabytes 0.25
```
"""
