//! The `gauntlet` binary.

/// Gives memory back after a burst: with the system's allocator on Linux an import of gigabytes leaves each thread's
/// heap as large as it once was.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gauntlet_server::cli::main()
}
