//! `gauntlet mcp`: a Model Context Protocol server over standard input and output, for language models.
//!
//! It reads through the API of a running server, which is looked up at each call: clients start it with
//! themselves, before there is a server, and a server may be started again meanwhile.

mod answer;
mod server;
mod tools;

use std::sync::Arc;

use gauntlet_server::config::Config;
use rmcp::handler::server::tool::schema_for_input;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::CliError;
use super::reader::failed;
use server::Server;

/// What a client hands to its model beside the tools.
const INSTRUCTIONS: &str = "\
Gauntlet records agent training. A run is one training, evaluation or simulation. It has scored steps, each \
with rubric scores (paths such as safety.grounding; root is the judgement of the complete rubric), \
measurements (paths under metrics.), texts, and perhaps an episode. Begin with list_runs, which has the ids \
that the other tools take; run_summary has the values of every rubric; failing_steps and worst_steps lead to \
read_step. For counts and averages over many steps or runs use sql.";

/// Answers a language model about the runs of a server: the Model Context Protocol over stdin and stdout.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Clients start it; docs/mcp.md has their configuration. By hand:
  claude mcp add gauntlet -- gauntlet mcp --endpoint http://127.0.0.1:4600")]
pub(super) struct Mcp {
    /// Also offer pause, resume, tweak, answer and stop; without it runs are read only
    #[arg(long)]
    allow_commands: bool,
}

impl Mcp {
    /// Serves until the client closes the standard input.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let config = Arc::new(config.clone());
        let handler = Handler { config, tools: tools::all(self.allow_commands) };
        runtime.block_on(async {
            let serving = handler.serve(rmcp::transport::stdio()).await.map_err(failed)?;
            serving.waiting().await.map(drop).map_err(failed)
        })
    }
}

/// What a tool answers, or why not.
type Answered = Result<Value, CliError>;

/// Answers the arguments of a call from what a server knows.
type Answer = dyn Fn(&Server, JsonObject) -> Answered + Send + Sync;

/// A tool: what a model reads of it, and what answers it.
struct Entry {
    tool: Tool,
    answer: Box<Answer>,
}

impl Entry {
    /// A tool that reads. Its parameters are those of `A`, which refuses what it does not know.
    fn reading<A: DeserializeOwned + JsonSchema + 'static>(
        name: &'static str,
        about: impl Into<std::borrow::Cow<'static, str>>,
        answer: fn(&Server, A) -> Answered,
    ) -> Self {
        Self::new(name, about, ToolAnnotations::new().read_only(true).open_world(false), answer)
    }

    /// A tool that changes what a training does.
    fn changing<A: DeserializeOwned + JsonSchema + 'static>(
        name: &'static str,
        about: &'static str,
        answer: fn(&Server, A) -> Answered,
    ) -> Self {
        Self::new(name, about, ToolAnnotations::new().read_only(false).open_world(false), answer)
    }

    fn new<A: DeserializeOwned + JsonSchema + 'static>(
        name: &'static str,
        about: impl Into<std::borrow::Cow<'static, str>>,
        annotations: ToolAnnotations,
        answer: fn(&Server, A) -> Answered,
    ) -> Self {
        let schema = schema_for_input::<A>().unwrap_or_default();
        let tool = Tool::new(name, about, schema).with_annotations(annotations);
        let answer = move |server: &Server, arguments: JsonObject| {
            let asked: A = serde_json::from_value(Value::Object(arguments)).map_err(failed)?;
            answer(server, asked)
        };
        Self { tool, answer: Box::new(answer) }
    }
}

#[derive(Clone)]
struct Handler {
    config: Arc<Config>,
    tools: Arc<[Entry]>,
}

impl Handler {
    fn position(&self, name: &str) -> Option<usize> {
        self.tools.iter().position(|entry| entry.tool.name == name)
    }

    /// The text of an answer. Blocks.
    fn answer(&self, at: usize, arguments: JsonObject) -> Result<String, CliError> {
        let Some(entry) = self.tools.get(at) else { return Err(CliError::Failed("no such tool".to_owned())) };
        let server = Server::find(&self.config)?;
        answer::text(&(entry.answer)(&server, arguments)?)
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("gauntlet", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.iter().map(|entry| entry.tool.clone()).collect()))
    }

    /// A refusal is an answer with `isError`, which a model reads and mends; only a tool that is not there is
    /// an error of the protocol.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(at) = self.position(&request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool {:?}", request.name), None));
        };
        let handler = self.clone();
        let arguments = request.arguments.unwrap_or_default();
        let answered = tokio::task::spawn_blocking(move || handler.answer(at, arguments)).await;
        let result = match answered.map_err(failed).flatten() {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
        };
        Ok(result.into())
    }
}
