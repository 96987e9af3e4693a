//! A training loop in ten lines: `GAUNTLET_ENDPOINT=http://127.0.0.1:4600 cargo run --example loop`.

use std::time::Duration;

use gauntlet_sdk::{ObservabilityProvider, model::Status};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let run = ObservabilityProvider::builder()?.project("dipg").name("grpo 7").config("lr", 3e-4).start()?;
    for step in 1..=100 {
        run.log([("root", 12.5), ("grounding", 10.0)], step)?;
        run.metrics([("loss", 0.31)], step)?;
    }
    // What is not durable is named in the error, with the reason, and in a line on stderr.
    let _ = run.finish(Status::Completed, None, Duration::from_secs(10));
    Ok(())
}
