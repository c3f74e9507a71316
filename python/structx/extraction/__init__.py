"""Import paths of programs that were written for the library `structx`."""
