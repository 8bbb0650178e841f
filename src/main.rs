//! The executable; everything is in the library, where tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    b24_bridge::cli::main()
}
