//! `gauntlet completions SHELL`: what makes a shell complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, CliError};

/// Writes a completion script.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet completions bash > ~/.local/share/bash-completion/completions/gauntlet
  gauntlet completions zsh > ~/.zfunc/_gauntlet
  gauntlet completions fish > ~/.config/fish/completions/gauntlet.fish")]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Writes the script to standard output.
    pub(super) fn run(self) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "gauntlet", &mut script);
        Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
    }
}
