//! The server: one agent, on standard input and output, until it closes them.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rmcp::ServiceExt;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    Tool,
};
use rmcp::service::{RequestContext, RoleServer, ServerInitializeError};
use tokio::signal::unix::{SignalKind, signal};

use super::tools::Verb;
use crate::commands::{Exit, Scene, mouth};
use crate::effects::clock;
use crate::render;

/// What an agent is told of the whole.
const INSTRUCTIONS: &str = include_str!("../../../templates/mcp.txt");
/// Whoever ends us waits no longer for a call that has begun.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue that tools work on.
#[derive(Clone)]
struct Queue {
    scene: Scene,
    tools: Arc<Vec<Tool>>,
    /// One call after the other: what one commits, the next one sees.
    turn: Arc<Mutex<()>>,
}

/// Serves until standard input ends, or somebody ends us; a call that has begun is finished.
pub fn run(scene: &Scene) -> Result<Exit> {
    let (input, output) = mouth::set_aside()?;
    let tools = Verb::ALL.into_iter().map(Verb::told).collect::<Result<Vec<_>, _>>();
    let tools = Arc::new(tools.map_err(anyhow::Error::msg)?);
    let queue = Queue { scene: scene.clone(), tools, turn: Arc::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let turn = Arc::clone(&queue.turn);
    let served = runtime.block_on(async {
        let mut term = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let pipes = (tokio::fs::File::from_std(input), tokio::fs::File::from_std(output));
        tokio::select! {
            served = attend(queue, pipes) => served,
            _ = term.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    });
    let last = runtime.block_on(async {
        let last = tokio::task::spawn_blocking(move || {
            drop(turn.lock().unwrap_or_else(PoisonError::into_inner));
        });
        tokio::time::timeout(PATIENCE, last).await
    });
    // A read of standard input cannot be taken back.
    runtime.shutdown_background();
    served.map(|()| if last.is_ok() { Exit::Done } else { Exit::No })
}

async fn attend(queue: Queue, pipes: (tokio::fs::File, tokio::fs::File)) -> Result<()> {
    match queue.serve(pipes).await {
        Ok(service) => {
            service.waiting().await?;
            Ok(())
        }
        // Whoever looks whether we start, and goes again, is no fault.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl ServerHandler for Queue {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let own = Implementation::new("buildq", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(own).with_instructions(INSTRUCTIONS)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.iter().find(|tool| tool.name == name).cloned()
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + Send + '_ {
        std::future::ready(Ok(ListToolsResult::with_all_items(self.tools.to_vec())))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(verb) = Verb::ALL.into_iter().find(|verb| verb.name() == request.name) else {
            let names: Vec<_> = Verb::ALL.into_iter().map(Verb::name).collect();
            let said = format!("there is no tool `{}`: {}", request.name, names.join(", "));
            return Err(ErrorData::invalid_params(said, None));
        };
        let (dir, turn) = (self.scene.dir.clone(), Arc::clone(&self.turn));
        let arguments = request.arguments.unwrap_or_default();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = verb.call(arguments, &Scene { dir, now: clock::now() });
            answer.map_err(|error| render::error::show(&error))
        });
        let result = match work.await {
            Ok(Ok(answer)) => {
                let mut result = CallToolResult::structured(answer.facts);
                result.content = vec![ContentBlock::text(answer.text)];
                result
            }
            Ok(Err(said)) => CallToolResult::error(vec![ContentBlock::text(said)]),
            Err(_) => return Err(ErrorData::internal_error("this call has failed within", None)),
        };
        Ok(result.into())
    }
}
