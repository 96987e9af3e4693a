//! What the SQL of the databases does not share. A statement is written once; where the databases differ, the
//! part that differs comes from here.

use super::value::Value;
use crate::search::Words;

/// Which database's SQL a statement is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// A statement for the names and types of the columns of the table that its parameter names.
    pub(crate) fn table_columns(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SELECT name, type FROM pragma_table_info(?1)",
            Dialect::Postgres => {
                "SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = ?1 ORDER BY ordinal_position"
            }
        }
    }

    /// A statement for the greatest number that a run ever had.
    pub(crate) fn last_run_no(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SELECT seq FROM sqlite_sequence WHERE name = 'runs'",
            Dialect::Postgres => {
                "SELECT coalesce(
                     pg_sequence_last_value(pg_get_serial_sequence('runs', 'run_no')::regclass), 0)"
            }
        }
    }

    /// A statement whether there is a table of the name that its parameter is: one row, where there is.
    pub(crate) fn table_exists(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1",
            Dialect::Postgres => {
                "SELECT 1::bigint FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = ?1"
            }
        }
    }

    /// What lets an `INSERT` say the numbers of rows that the database numbers by itself.
    pub(crate) fn given_numbers(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => "OVERRIDING SYSTEM VALUE",
        }
    }

    /// Statements after which new rows have greater numbers than those that were inserted. Their parameter is
    /// the greatest number that a run ever had.
    pub(crate) fn continue_numbers(self) -> &'static [&'static str] {
        match self {
            Dialect::Sqlite => &[
                "DELETE FROM sqlite_sequence WHERE name = 'runs' AND ?1 >= 0",
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', ?1)",
            ],
            Dialect::Postgres => &[
                "SELECT setval(pg_get_serial_sequence('runs', 'run_no'), greatest(?1, 1), ?1 > 0)",
                "SELECT setval(pg_get_serial_sequence('webhook_calls', 'call_no'),
                    (SELECT max(call_no) FROM webhook_calls WHERE ?1::bigint IS NOT NULL))",
            ],
        }
    }

    /// A subquery for the elements of a parameter that is a list of numbers or of texts.
    pub(crate) fn elements(self, parameter: &str) -> String {
        match self {
            Dialect::Sqlite => format!("(SELECT value FROM json_each({parameter}))"),
            Dialect::Postgres => format!("(SELECT unnest({parameter}))"),
        }
    }

    /// Whether a column is one of the elements of such a list: an index of the column is used.
    pub(crate) fn is_one_of(self, column: &str, parameter: &str) -> String {
        match self {
            Dialect::Sqlite => format!("{column} IN {}", self.elements(parameter)),
            Dialect::Postgres => format!("{column} = ANY({parameter})"),
        }
    }

    /// A subquery for the elements of a parameter that is a list of byte strings.
    pub(crate) fn byte_strings(self, parameter: &str) -> String {
        match self {
            Dialect::Sqlite => format!("(SELECT unhex(value) FROM json_each({parameter}))"),
            Dialect::Postgres => self.elements(parameter),
        }
    }

    /// A table `asked` with the columns `step` and `episode`, from a parameter that is a JSON array of pairs.
    pub(crate) fn asked_nodes(self, parameter: &str) -> String {
        match self {
            Dialect::Sqlite => {
                format!(
                    "(SELECT value ->> 0 AS step, value ->> 1 AS episode
                  FROM json_each({parameter})) AS asked"
                )
            }
            Dialect::Postgres => format!(
                "(SELECT (value ->> 0)::bigint AS step, value ->> 1 AS episode
                  FROM json_array_elements({parameter}::json)) AS asked"
            ),
        }
    }

    /// A table `asked` with the column `value`, from a parameter that is a list.
    pub(crate) fn asked_values(self, parameter: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_each({parameter}) AS asked"),
            Dialect::Postgres => format!("unnest({parameter}) AS asked (value)"),
        }
    }

    /// Joins a table by a condition. SQLite reads the tables in the order in which they are named then;
    /// PostgreSQL decides by its statistics.
    pub(crate) fn joins_in_order(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
        }
    }

    /// What is before the names of the log's tables for a connection that searches.
    pub(crate) fn log(self) -> &'static str {
        match self {
            // The index is a file of its own, to which the log is attached.
            Dialect::Sqlite => "log.",
            Dialect::Postgres => "",
        }
    }

    /// The index of texts.
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Dialect::Sqlite => &Texts {
                log: "log.",
                joins: "CROSS JOIN",
                place: "t.rowid",
                rank: "-t.rank",
                matches: "t.texts MATCH ?1",
                expression: Words::expression,
            },
            Dialect::Postgres => &Texts {
                log: "",
                joins: "JOIN",
                place: "t.place",
                rank: "CAST(ts_rank(t.words, CAST(?1 AS tsquery), 1) AS DOUBLE PRECISION)",
                matches: "t.words @@ CAST(?1 AS tsquery)",
                expression: Words::tsquery,
            },
        }
    }

    /// A table `labels` with the column `value`, from a column that holds a JSON array of texts.
    pub(crate) fn labels(self, column: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_each({column}) AS labels"),
            Dialect::Postgres => format!("json_array_elements_text({column}::json) AS labels (value)"),
        }
    }

    /// Names the index to use, so that SQLite refuses a plan without it. PostgreSQL decides by its
    /// statistics.
    pub(crate) fn indexed_by(self, index: &str) -> String {
        match self {
            Dialect::Sqlite => format!("INDEXED BY {index}"),
            Dialect::Postgres => String::new(),
        }
    }

    /// Whether two episodes are the same one, or both none. No episode has an empty name, and PostgreSQL's
    /// index of nodes is over this very expression.
    pub(crate) fn same_episode(self, left: &str, right: &str) -> String {
        match self {
            Dialect::Sqlite => format!("{left} IS {right}"),
            Dialect::Postgres => format!("coalesce({left}, '') = coalesce({right}, '')"),
        }
    }

    /// A text as it is ordered and compared where the letter case of ASCII is ignored.
    pub(crate) fn ignoring_case(self, column: &str) -> String {
        match self {
            Dialect::Sqlite => format!("{column} COLLATE NOCASE"),
            Dialect::Postgres => format!("lower({column} COLLATE \"C\")"),
        }
    }

    /// The operator that finds a pattern where the letter case of ASCII is ignored.
    pub(crate) fn like(self) -> &'static str {
        match self {
            Dialect::Sqlite => "LIKE",
            Dialect::Postgres => "COLLATE \"C\" ILIKE",
        }
    }

    /// A number of a configuration as the table of them has it: below every text.
    pub(crate) fn config_number(self, number: Value) -> Value {
        match (self, number) {
            (Dialect::Postgres, Value::Integer(Some(number))) => sortable(number as f64).into(),
            (Dialect::Postgres, Value::Real(Some(number))) => sortable(number).into(),
            // To SQLite, every text is above every number.
            (_, number) => number,
        }
    }

    /// A text of a configuration as the table of them has it.
    pub(crate) fn config_text(self, text: &str) -> Value {
        match self {
            Dialect::Sqlite => text.into(),
            Dialect::Postgres => format!("t{text}").into(),
        }
    }

    /// What keeps the rows of a query's tables for this transaction: no other server changes them until it
    /// ends. SQLite has one writer.
    pub(crate) fn locks(self, tables: &str) -> String {
        match self {
            Dialect::Sqlite => String::new(),
            Dialect::Postgres => format!("FOR NO KEY UPDATE OF {tables}"),
        }
    }

    /// The same for rows that another server may hold: those are passed over.
    pub(crate) fn locks_free(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Whether other servers may write the same database.
    pub(crate) fn is_shared(self) -> bool {
        self == Dialect::Postgres
    }

    /// The greater one of two numbers.
    pub(crate) fn greatest(self) -> &'static str {
        match self {
            Dialect::Sqlite => "max",
            Dialect::Postgres => "greatest",
        }
    }

    /// An expression as a floating-point number.
    pub(crate) fn real(self, expression: &str) -> String {
        match self {
            Dialect::Sqlite => format!("CAST({expression} AS REAL)"),
            Dialect::Postgres => format!("CAST({expression} AS DOUBLE PRECISION)"),
        }
    }
}

/// A number as a text: of two numbers, the greater one has the greater text. PostgreSQL has no column for
/// values of several types.
fn sortable(number: f64) -> String {
    const SIGN: u64 = 1 << 63;
    // Both zeros are equal.
    let bits = (number + 0.0).to_bits();
    format!("n{:016x}", if bits & SIGN == 0 { bits | SIGN } else { !bits })
}

/// The index of texts, the table `texts t`.
pub(crate) struct Texts {
    /// What is before the names of the log's tables.
    pub log: &'static str,
    /// How a table is joined that is read for each match.
    pub joins: &'static str,
    /// The place of a match in the log.
    pub place: &'static str,
    /// How well a match matches: greater is better.
    pub rank: &'static str,
    /// Whether a row matches the first parameter.
    pub matches: &'static str,
    /// The words in the language of the index.
    pub expression: fn(&Words) -> String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_texts_and_below_texts() {
        let numbers = [f64::MIN, -1e9, -1.5, -1.0, -f64::MIN_POSITIVE, 0.0, 1e-5, 0.5, 2.0, 10.0, f64::MAX];
        for pair in numbers.windows(2) {
            assert!(sortable(pair[0]) < sortable(pair[1]), "{pair:?}");
        }
        assert_eq!(sortable(-0.0), sortable(0.0));
        let (Value::Text(Some(number)), Value::Text(Some(text))) =
            (Dialect::Postgres.config_number(f64::MAX.into()), Dialect::Postgres.config_text(""))
        else {
            panic!("both are texts in PostgreSQL")
        };
        assert!(number < text);
    }
}
