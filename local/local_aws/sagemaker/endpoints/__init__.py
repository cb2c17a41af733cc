"""Endpoints and their configurations, as the API has them. What runs behind them is `hosting`."""
