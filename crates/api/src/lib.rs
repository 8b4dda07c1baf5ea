//! Placeholder, filled in by the commit that follows.
