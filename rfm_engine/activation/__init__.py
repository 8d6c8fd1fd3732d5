"""Act on customers: campaigns with holdouts, flows, and audiences for advertising and mail."""
