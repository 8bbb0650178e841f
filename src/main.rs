//! The executable; everything is in the library, where tests reach it.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    b24_bridge::cli::main()
}
