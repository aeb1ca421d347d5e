//! What happens to the participant, as lines of JSON: `{"event": NAME, ...}`.

use std::io::Write;

use serde_json::{json, Value};
use xaynet_core::{common::RoundParameters, crypto::ByteObject};
use xaynet_sdk::Notify;

pub enum Event<'a> {
    /// The keys are there; nothing was asked of the coordinator yet.
    Started {
        public: &'a [u8],
    },
    /// The coordinator answered with other parameters than before.
    Parameters(&'a RoundParameters),
    NewRound,
    SumTask,
    UpdateTask,
    NoTask,
    /// The coordinator answered 200 to a message, or to a chunk of one.
    Sent {
        bytes: usize,
    },
    NotSent {
        bytes: usize,
        reason: String,
    },
    /// The last part of the last message of the round's task was sent.
    Finished {
        rounds: u32,
    },
}

/// Prints the event at once, whatever standard output is.
pub fn emit(event: Event) {
    let mut out = std::io::stdout();
    let written = writeln!(out, "{}", line(event)).and_then(|()| out.flush());
    written.expect("whoever reads the events is there");
}

fn line(event: Event) -> Value {
    match event {
        Event::Started { public } => json!({"event": "started", "public": hex::encode(public)}),
        Event::Parameters(parameters) => json!({
            "event": "parameters",
            "seed": hex::encode(parameters.seed.as_slice()),
            "sum": parameters.sum,
            "update": parameters.update,
            "length": parameters.model_length,
        }),
        Event::NewRound => json!({"event": "new_round"}),
        Event::SumTask => json!({"event": "sum"}),
        Event::UpdateTask => json!({"event": "update"}),
        Event::NoTask => json!({"event": "idle"}),
        Event::Sent { bytes } => json!({"event": "sent", "bytes": bytes}),
        Event::NotSent { bytes, reason } => {
            json!({"event": "not_sent", "bytes": bytes, "reason": reason})
        }
        Event::Finished { rounds } => json!({"event": "finished", "rounds": rounds}),
    }
}

/// Passes the notifications of the state machine on.
pub struct Notifier;

impl Notify for Notifier {
    fn new_round(&mut self) {
        emit(Event::NewRound);
    }
    fn sum(&mut self) {
        emit(Event::SumTask);
    }
    fn update(&mut self) {
        emit(Event::UpdateTask);
    }
    fn idle(&mut self) {
        emit(Event::NoTask);
    }
}
