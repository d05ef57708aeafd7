"""Reading figures, what they are counted from, and the lists behind them."""
