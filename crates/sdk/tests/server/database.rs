//! A data folder that is written without a server.

use gauntlet_sdk::model::{RunId, RunSpec};
use gauntlet_sdk::{
    DatabaseError, DatabaseSink, Mode, NotDurable, ObservabilityProvider, Outcome, StartError,
};
use serde_json::json;

use crate::harness::{LONG, NOBODY, Server, folder, run_to};

fn spec() -> RunSpec {
    RunSpec { id: RunId::new("x").ok(), ..RunSpec::named("x") }
}

#[test]
fn a_data_folder_is_written_without_a_server_and_never_beside_one() {
    let (data, spool) = (folder(), folder());
    let builder = ObservabilityProvider::builder().unwrap().database(data.path());
    // A description that is set after the sinks applies to them too.
    let run = builder.mode(Mode::Offline).spool(spool.path(), 1 << 20).name("local run");
    let run = run.id(RunId::new("local").unwrap()).start().unwrap();
    let episode = run.start_episode("a task").unwrap();
    episode.thought("hm").unwrap();
    episode.end(Outcome::completed()).unwrap();
    run.log([("root", -1.0)], 1).unwrap();
    assert_eq!(run.flush(LONG).unwrap().of("database").unwrap().counters.sent, 7);
    drop(run);

    let server = Server::on(data);
    let summary = server.get("/local");
    assert_eq!(summary["name"], "local run");
    assert_eq!((&summary["head"], &summary["steps"], &summary["failing"]), (&json!(7), &json!(2), &json!(1)));

    let Err(refused) = DatabaseSink::open(server.data.path(), spec()) else { panic!("two writers") };
    assert!(
        matches!(&refused, DatabaseError::Held { server: Some(url), .. } if *url == server.url()),
        "{refused:?}"
    );
    let message = refused.to_string();
    assert!(message.contains("in use") && message.contains(&server.url()), "{message}");
    let again = run_to(NOBODY, spool.path(), "y").database(server.data.path()).start();
    let Err(StartError::Sink(refused)) = again else { panic!("two writers") };
    assert!(refused.is::<DatabaseError>(), "{refused}");
}

#[test]
fn a_database_sink_opens_and_closes_inside_an_async_program() {
    let data = folder();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        drop(DatabaseSink::open(data.path(), spec()).unwrap());
        drop(DatabaseSink::open(data.path(), spec()).unwrap());
    });
}

#[test]
fn a_disabled_run_touches_no_folder() {
    let folder = folder();
    let run = run_to(NOBODY, &folder.path().join("spool"), "off").mode(Mode::Disabled);
    let run = run.database(folder.path().join("data")).file(folder.path().join("run.jsonl")).start().unwrap();
    run.log([("root", 1.0)], 1).unwrap();
    run.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    let NotDurable(report) = run.flush(LONG).unwrap_err();
    assert_eq!(report.sinks, []);
    assert_eq!(report.losses().len(), 1, "what is not recorded is not durable: {report}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
