//! Workbooks.
#![no_main]

structx_fuzz::fuzz!(["a.xlsx", "a.xlsb", "a.xls", "a.ods"]);
