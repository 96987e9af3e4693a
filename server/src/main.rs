//! The `gauntlet` binary.

fn main() -> std::process::ExitCode {
    gauntlet_server::cli::main()
}
