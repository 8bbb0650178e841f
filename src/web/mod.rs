//! Layer 3: what the two listeners say. `ingest` is the public one, where websites post their forms;
//! `admin` is the other one, where administrators work; `status` answers machines there.

pub mod admin;
#[cfg(test)]
mod browser_tests;
mod cors;
pub mod ingest;
mod letter;
mod page;
mod refusal;
mod reply;
mod sieve;
#[cfg(test)]
mod spam_tests;
pub mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod visitor;
