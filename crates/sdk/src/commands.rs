//! What people command from the browser, for a loop that asks.

use gauntlet_telemetry::ServerCommands;

use crate::provider::ObservabilityProvider;
use crate::server::Server;

impl ObservabilityProvider {
    /// What people command from the browser; `None` without a server.
    ///
    /// # Errors
    ///
    /// The threads that listen cannot be started.
    pub fn commands(&self) -> std::io::Result<Option<ServerCommands>> {
        let listen = |server: &Server| ServerCommands::listen(server.0.clone(), self.run().clone());
        self.server().map(listen).transpose()
    }
}
