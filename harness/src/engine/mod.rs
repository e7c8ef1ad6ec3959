//! Server software on hosts.
