//! Where the stages meet: one drill from its plan to its record.
