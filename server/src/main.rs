//! The `gauntlet` binary.

/// Settles lower after a burst than the system's allocator on Linux, whose heaps stay as large as they once were; the
/// peak of an import is about the same with either.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gauntlet_server::cli::main()
}
