"""The `razbor` command: the only place that knows every room and joins them."""
