"""The operators' console: pages over the store, acts through an injected `Desk`."""
