//! Files in other encodings than UTF-8: UTF-16 by its mark, Windows-1252 as a guess that the notes name; and
//! what a reading may hold in memory.

mod common;

use common::{now, open, steps};
use gauntlet_model::EventId;
use gauntlet_results::{Options, import};

const TABLE: &str = "step,root,Größe,action\n1,1,naïve,“so” – 5 €\n2,0.5,plain,grün\n";
const LINES: &str =
    "{\"step\":1,\"reward\":1,\"action\":\"grün 😀\"}\n{\"step\":2,\"reward\":0,\"action\":\"x\"}\n";

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
}

fn actions(name: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let imported = open(name, bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    (steps(&imported).iter().map(|(_, body)| body.action.clone()).collect(), imported.warnings)
}

#[test]
fn utf_16_is_known_by_its_mark() {
    let document = format!("[{}]", LINES.trim().replace('\n', ","));
    for (name, text) in [("a.csv", TABLE), ("a.jsonl", LINES), ("a.json", &document)] {
        let (plain, _) = actions(name, text.as_bytes());
        for (unit, called) in
            [(u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"), (u16::to_be_bytes, "UTF-16BE")]
        {
            let (read, notes) = actions(name, &utf16(text, unit));
            assert_eq!(read, plain, "{name} {called}");
            let note = format!("the file is {called}, as its byte order mark says");
            assert!(notes.contains(&note), "{name}: {notes:?}");
        }
        let marked = format!("\u{feff}{text}");
        assert_eq!(actions(name, marked.as_bytes()), actions(name, text.as_bytes()), "{name}");
    }
}

#[test]
fn a_cell_that_is_not_utf_8_is_read_as_windows_1252_and_noted() {
    let (latin, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(TABLE);
    assert!(!is_lossy);
    let (read, notes) = actions("a.csv", &latin);
    assert_eq!(read, ["“so” – 5 €", "grün"]);
    let note = notes.iter().find(|note| note.contains("Windows-1252")).unwrap_or_else(|| panic!("{notes:?}"));
    // The name of a column, two cells of the first row, one of the second.
    assert!(note.starts_with("4 cells are not UTF-8"), "{note}");
    assert!(note.contains("(first: line 1, column 3 `Größe`, byte 3)"), "{note}");

    // Cells of another program's rows stay what they are.
    let mixed = [&b"step,root,action\n1,1,na\xefve\n2,1,"[..], "naïve\n".as_bytes()].concat();
    let (read, notes) = actions("a.csv", &mixed);
    assert_eq!(read, ["naïve", "naïve"]);
    assert!(
        notes[0].contains("1 cell is not UTF-8") && notes[0].contains("line 2, column 3 `action`"),
        "{notes:?}"
    );
    assert_eq!(actions("a.csv", TABLE.as_bytes()).1, Vec::<String>::new());
}

#[test]
fn a_reading_holds_no_more_than_it_may() {
    let line = format!("{{\"step\":1,\"reward\":1,\"action\":\"{}\"}}\n", "x".repeat(1_000_000)).repeat(3);
    let row = format!("step,root,action\n1,1,{}\n", "x".repeat(1_000_000));
    let values =
        format!("{{\"scores\":{{\"root\":1}},\"metadata\":{{\"n\":[{}1]}}}}\n", "1,".repeat(3_200_000));
    // Lines are read one by one, so three of a megabyte need no more than one of them.
    for (name, file, needed_mib) in [("a.jsonl", line, 1), ("a.jsonl", values, 64), ("a.csv", row, 3)] {
        let most = |mib: usize| Options::default().within_memory(move |bytes| bytes <= mib << 20);
        let read =
            |options: Options| import(name, file.as_bytes(), now(), &options, &mut || EventId::from_u128(1));
        // Other limits may refuse it all the same.
        let lacks_memory = |options| read(options).is_err_and(|e| e.to_string().contains("no memory for"));
        assert!(!lacks_memory(most(needed_mib * 4)), "{name}");
        if needed_mib > 1 {
            // Not a fault of the file: reading it in part leaves nothing out.
            assert!(lacks_memory(most(needed_mib)), "{name}");
            assert!(lacks_memory(most(needed_mib).partial_allowed(true)), "{name}");
        }
    }
}
