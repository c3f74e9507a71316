"""Tables of pandas, polars and pyarrow: the only modules that know these libraries.

None of the libraries is imported before a table of it is given or, for pandas, asked for.
"""
