//! Checkers and measures: pure, from the record alone.
