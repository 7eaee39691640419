// SPDX-License-Identifier: BSD-2-Clause
//! The shells' completions in `completions/` are those of the command line.
//! They are made by clap; with `UPDATE_COMPLETIONS=1` this writes them anew.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::{generate, Shell};

#[test]
fn completions_are_those_of_the_command_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../completions");
    for (shell, file) in [
        (Shell::Bash, "nghost.bash"),
        (Shell::Zsh, "_nghost"),
        (Shell::Fish, "nghost.fish"),
    ] {
        let mut made = Vec::new();
        let mut command = nghost::cli::Cli::command();
        generate(shell, &mut command, "nghost", &mut made);
        let path = folder.join(file);
        if std::env::var_os("UPDATE_COMPLETIONS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let there = fs::read(&path).unwrap();
        assert!(
            there == made,
            "{file} is not what clap makes: UPDATE_COMPLETIONS=1 cargo test -p nghost completions"
        );
    }
}
