//! Starts the coordinator of the released crate `xaynet-server` from its library.
//!
//! Installing the crate's own program fails: its lock file wants an OpenSSL of 2020.

use std::{error::Error, path::PathBuf};

use structopt::StructOpt;
use xaynet_server::{
    rest::serve,
    services::{fetchers::fetcher, messages::PetMessageHandler},
    settings::Settings,
    state_machine::StateMachineInitializer,
    storage::{coordinator_storage::redis, model_storage::noop::NoOp, Store},
};

#[derive(StructOpt)]
#[structopt(about = "The coordinator of Xaynet v0.11, without its optional features")]
struct Arguments {
    /// Settings file with the flat keys of the release
    #[structopt(short)]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::new(Arguments::from_args().config)?;
    tracing_subscriber::fmt()
        .with_env_filter(settings.log.filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    sodiumoxide::init().map_err(|()| "libsodium can't be initialised")?;

    let store = Store::new(redis::Client::new(settings.redis.url).await?, NoOp);
    let (phases, requests, events) =
        StateMachineInitializer::new(settings.pet, settings.mask, settings.model, store)
            .init()
            .await?;
    let handler = PetMessageHandler::new(&events, requests);
    tokio::select! {
        _ = phases.run() => Err("the state machine has ended".into()),
        served = serve(settings.api, fetcher(&events), handler) => Ok(served?),
    }
}
