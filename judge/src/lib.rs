//! What is owed, what was found, and what that amounts to.
//!
//! Everything here is pure: it reads a record's folder and nothing else, knows no server and no clock, and gives the
//! same answer to the byte each time. It is a package of its own so that nothing else can creep in, and so that a
//! mutant of it is built and tested in seconds.

pub mod oracle;
pub mod verdict;
