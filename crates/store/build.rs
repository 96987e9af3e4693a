//! Rebuilds the crate when a migration is added: `sqlx::migrate!` reads the folder, which cargo does not see.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
}
