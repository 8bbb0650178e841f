//! (channel_file)
