//! The tables in the documentation are the tables in the code. `UPDATE_EXPECT=1` rewrites them.

use expect_test::expect_file;
use gauntlet_otlp::table::{self, Shape};

const BEGIN: &str = "<!-- the mapping -->\n";
const END: &str = "<!-- the end of the mapping -->";

#[test]
fn the_documentation_shows_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/opentelemetry.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", table::markdown().trim_end());
    expect_file![path].assert_eq(&expected);
    assert!(expected.contains(&format!("Version {} of the mapping", table::VERSION)));
}

#[test]
fn every_attribute_has_one_line() {
    // Of an attribute that is an object each member may have one, and the name of a schema serves for
    // arguments too.
    let of_part = |shape: Shape| match shape {
        Shape::Member(name) => name,
        Shape::Arguments => "arguments",
        _ => "",
    };
    let mut names: Vec<(&str, &str)> =
        table::ATTRIBUTES.iter().map(|line| (line.attribute, of_part(line.shape))).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
