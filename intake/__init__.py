"""Raw bytes in, a typed `Mail` out; and the SMTP listener that accepts those bytes durably."""
