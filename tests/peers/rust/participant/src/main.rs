//! A participant built on the released crate `xaynet-sdk`, told what to do by its arguments.
//!
//! Every event is one line of JSON on standard output; see `events.rs`.

mod coordinator;
mod events;
mod model;

use std::{error::Error, path::PathBuf, time::Duration};

use structopt::StructOpt;
use tokio::time::delay_for;
use xaynet_core::crypto::{ByteObject, SigningKeyPair, SigningKeySeed};
use xaynet_sdk::{
    settings::{MaxMessageSize, PetSettings},
    StateMachine, TransitionOutcome,
};

use crate::{
    coordinator::Coordinator,
    events::{emit, Event, Notifier},
    model::{DataType, LocalModel},
};

#[derive(StructOpt)]
#[structopt(about = "A participant of Xaynet v0.11")]
struct Arguments {
    /// URL of the coordinator
    #[structopt(long)]
    url: String,
    /// Seed of the signing keys, 32 bytes in hex
    #[structopt(long, parse(try_from_str = seed))]
    seed: SigningKeySeed,
    /// File of the local model: the weights one after another, little endian
    #[structopt(long)]
    model: PathBuf,
    /// Type of the weights in the file: f32, f64, i32 or i64
    #[structopt(long, default_value = "f32")]
    data_type: DataType,
    /// Weight of this model in the mean
    #[structopt(long, default_value = "1")]
    scalar: f64,
    /// Bytes of the longest message on the wire, beyond which it is cut into chunks
    #[structopt(long)]
    max_message_size: Option<usize>,
    /// Stop after that many rounds in which a task was finished
    #[structopt(long)]
    rounds: Option<u32>,
    /// Milliseconds between two looks at the coordinator while there is nothing to do
    #[structopt(long, default_value = "50")]
    tick: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::from_args();
    sodiumoxide::init().map_err(|()| "libsodium can't be initialised")?;

    let settings = settings(&arguments)?;
    emit(Event::Started {
        public: settings.keys.public.as_slice(),
    });
    let participant = StateMachine::new(
        settings,
        Coordinator::new(&arguments.url)?,
        LocalModel::read(&arguments.model, arguments.data_type)?,
        Notifier,
    );
    take_part(participant, &arguments).await;
    Ok(())
}

fn seed(hex: &str) -> Result<SigningKeySeed, String> {
    let bytes = hex::decode(hex).map_err(|error| error.to_string())?;
    SigningKeySeed::from_slice(&bytes).ok_or_else(|| "a seed has 32 bytes".into())
}

fn settings(arguments: &Arguments) -> Result<PetSettings, Box<dyn Error>> {
    let mut settings = PetSettings::new(SigningKeyPair::derive_from_seed(&arguments.seed));
    settings.scalar = arguments.scalar;
    settings.max_message_size = match arguments.max_message_size {
        Some(size) => MaxMessageSize::capped(size)?,
        None => MaxMessageSize::unlimited(),
    };
    Ok(settings)
}

/// Runs the state machine until it has finished a task in as many rounds as asked for.
async fn take_part(mut participant: StateMachine, arguments: &Arguments) {
    let mut finished = 0;
    while arguments.rounds.map_or(true, |rounds| finished < rounds) {
        let sending = is_last_sending(&participant);
        participant = match participant.transition().await {
            TransitionOutcome::Complete(next) => next,
            TransitionOutcome::Pending(next) => {
                delay_for(Duration::from_millis(arguments.tick)).await;
                next
            }
        };
        if sending && matches!(participant, StateMachine::Awaiting(_)) {
            finished += 1;
            emit(Event::Finished { rounds: finished });
        }
    }
}

/// Whether the next thing after this state is the end of the task.
fn is_last_sending(participant: &StateMachine) -> bool {
    matches!(
        participant,
        StateMachine::SendingUpdate(_) | StateMachine::SendingSum2(_)
    )
}
