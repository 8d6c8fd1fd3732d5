"""Customer lifetime value: models of repeat purchases and of their value, fitted to all customers.

The models count days: `x` repeat days, the first of them at 0, the last at `t_x`, until `T`.
"""
