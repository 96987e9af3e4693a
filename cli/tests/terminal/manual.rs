//! The manual, executed.

use std::process::Command;

use crate::fixture::NOBODY;

#[test]
fn every_command_of_the_manual_prints_what_the_manual_shows() {
    assert!(tried(include_str!("../../../docs/cli.md")) >= 10);
}

#[test]
fn every_command_about_scenarios_prints_what_the_guide_shows() {
    assert!(tried(include_str!("../../../docs/scenarios.md")) >= 5);
}

/// Runs the commands of a guide in a folder of their own, one after the other; how many there are.
fn tried(manual: &str) -> usize {
    let data = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for block in manual.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let mut lines = block.lines().peekable();
        while let Some(command) = lines.next() {
            let command = command.strip_prefix("$ ").unwrap_or_else(|| panic!("no command: {command}"));
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(line);
            }
            let program = format!(
                "gauntlet() {{ '{}' --listen {NOBODY} --log error --data '{}' \"$@\"; }}; {command}",
                env!("CARGO_BIN_EXE_gauntlet"),
                data.path().display()
            );
            let output =
                Command::new("bash").current_dir(work.path()).args(["-c", &program]).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            let printed: Vec<&str> = printed.lines().collect();
            assert!(
                fits(&printed, &expected),
                "$ {command}\n{}\nis not\n{}",
                printed.join("\n"),
                expected.join("\n")
            );
            tried += 1;
        }
    }
    tried
}

/// Whether lines are as expected; `…` stands for anything, on a line of its own for any lines.
fn fits(printed: &[&str], expected: &[&str]) -> bool {
    match (printed, expected) {
        ([], []) => true,
        (_, ["…", rest @ ..]) => (0..=printed.len()).any(|skipped| fits(&printed[skipped..], rest)),
        ([line, lines @ ..], [expected, rest @ ..]) => line_fits(line, expected) && fits(lines, rest),
        _ => false,
    }
}

fn line_fits(line: &str, expected: &str) -> bool {
    let (line, expected) = (line.trim_end(), expected.trim_end());
    let Some((first, rest)) = expected.split_once('…') else { return line == expected };
    let (middle, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    let Some(mut left) = line.strip_prefix(first).and_then(|left| left.strip_suffix(last)) else {
        return false;
    };
    for part in middle.split('…') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    true
}
