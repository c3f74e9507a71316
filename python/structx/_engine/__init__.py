"""The engine behind the public modules of structx. Private: its names may change at any time."""
