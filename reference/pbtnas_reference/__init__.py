"""PyTorch's side of pbtnas's golden values and benchmarks. Nothing of it is needed to use pbtnas."""
