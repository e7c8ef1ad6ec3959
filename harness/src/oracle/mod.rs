//! What is owed at a cut, against what was restored.
