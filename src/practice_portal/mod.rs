//! (practice_portal)
