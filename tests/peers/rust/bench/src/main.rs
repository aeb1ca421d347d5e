//! Times the released crate `xaynet-core` on the four paths that `make bench` compares with.
//!
//! Prints one object of JSON; every time is in seconds.

use std::{error::Error, hint::black_box, time::Instant};

use serde_json::{from_value, json, Value};
use structopt::StructOpt;
use xaynet_core::{
    crypto::{ByteObject, EncryptKeyPair, Signature, SigningKeyPair},
    mask::{Aggregation, FromPrimitives, MaskConfig, MaskConfigPair, MaskSeed, Masker, Model},
    message::{Message, MessageBuffer, Payload, Update},
    LocalSeedDict,
};

#[derive(StructOpt)]
#[structopt(about = "Times xaynet-core 0.2.0 on deriving, accepting, masking and unmasking")]
struct Arguments {
    /// Number of weights
    #[structopt(long, default_value = "55117")]
    length: usize,
    /// Group type / data type / bound type / model type
    #[structopt(long, default_value = "Prime/F32/B0/M3", parse(try_from_str = config))]
    config: MaskConfig,
    /// How often each path is timed
    #[structopt(long, default_value = "5")]
    runs: usize,
}

fn config(names: &str) -> Result<MaskConfig, String> {
    let names: Vec<Value> = names.split('/').map(Value::from).collect();
    let [group, data, bound, model] = <[Value; 4]>::try_from(names)
        .map_err(|_| "a configuration has four names, as Prime/F32/B0/M3")?;
    let read = || -> Result<MaskConfig, serde_json::Error> {
        Ok(MaskConfig {
            group_type: from_value(group)?,
            data_type: from_value(data)?,
            bound_type: from_value(bound)?,
            model_type: from_value(model)?,
        })
    };
    read().map_err(|error| error.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments {
        length,
        config,
        runs,
    } = Arguments::from_args();
    sodiumoxide::init().map_err(|()| "libsodium can't be initialised")?;
    let pair = MaskConfigPair::from(config);
    let paths = json!({
        "derive": derive(pair, length, runs),
        "accept": accept(pair, length, runs),
        "mask": mask(pair, length, runs),
        "unmask": unmask(pair, length, runs),
    });
    println!(
        "{}",
        json!({"length": length, "runs": runs, "seconds": paths})
    );
    Ok(())
}

/// Times `path` on an input that `prepare` makes anew for each run, outside the measurement.
fn timed<I, O>(runs: usize, mut prepare: impl FnMut() -> I, mut path: impl FnMut(I) -> O) -> Value {
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let input = black_box(prepare());
            let start = Instant::now();
            let output = black_box(path(input));
            let elapsed = start.elapsed().as_secs_f64();
            drop(output);
            elapsed
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    json!({"best": seconds[0], "median": seconds[runs / 2], "all": seconds})
}

fn seed(byte: u8) -> MaskSeed {
    MaskSeed::from_slice(&[byte; 32]).expect("a seed has 32 bytes")
}

/// Weights spread over [-1, 1], whole ones for the integer types.
fn model(config: &MaskConfig, length: usize) -> Model {
    use xaynet_core::mask::DataType::{F32, F64, I32, I64};
    let weight = move |index: usize| 2.0 * (index as f64 / length as f64) - 1.0;
    match config.data_type {
        F32 => Model::from_primitives_bounded((0..length).map(|index| weight(index) as f32)),
        F64 => Model::from_primitives_bounded((0..length).map(weight)),
        I32 => Model::from_primitives_bounded((0..length).map(|index| weight(index) as i32)),
        I64 => Model::from_primitives_bounded((0..length).map(|index| weight(index) as i64)),
    }
}

/// One mask from its seed: the work of a sum participant per update.
fn derive(pair: MaskConfigPair, length: usize, runs: usize) -> Value {
    timed(runs, || seed(1), |seed| seed.derive_mask(length, pair))
}

/// One model masked: the work of an update participant.
fn mask(pair: MaskConfigPair, length: usize, runs: usize) -> Value {
    let model = model(&pair.vect, length);
    let masker = || Masker::with_seed(pair, seed(2));
    timed(runs, masker, |masker| masker.mask(1.0, &model))
}

/// One update from the bytes of its sealed box to its place in the aggregate, each step apart.
fn accept(pair: MaskConfigPair, length: usize, runs: usize) -> Value {
    let coordinator = EncryptKeyPair::generate();
    let sealed = coordinator
        .public
        .encrypt(&update(pair, length, &coordinator));
    let open = |bytes: &[u8]| {
        coordinator
            .secret
            .decrypt(bytes, &coordinator.public)
            .expect("ours")
    };
    let verify = |bytes: &[u8]| {
        MessageBuffer::new(bytes)
            .and_then(|message| message.check_signature())
            .expect("signed")
    };
    let parse = |bytes: &Vec<u8>| match Message::from_byte_slice(bytes).expect("whole").payload {
        Payload::Update(update) => update.masked_model,
        other => panic!("an update was sent, not {:?}", other),
    };
    let aggregate = |(mut total, object): (Aggregation, _)| {
        total.validate_aggregation(&object).expect("valid");
        total.aggregate(object);
        total
    };
    let bytes = open(&sealed);
    let object = parse(&bytes);
    let total = aggregate((Aggregation::new(pair, length), object.clone()));
    let whole = |total: Aggregation| {
        let bytes = open(&sealed);
        verify(&bytes);
        aggregate((total, parse(&bytes)))
    };
    json!({
        "whole": timed(runs, || total.clone(), whole),
        "open": timed(runs, || (), |()| open(&sealed)),
        "verify": timed(runs, || (), |()| verify(&bytes)),
        "parse": timed(runs, || (), |()| parse(&bytes)),
        "aggregate": timed(runs, || (total.clone(), object.clone()), aggregate),
    })
}

/// The bytes of a signed update message for one sum participant.
fn update(pair: MaskConfigPair, length: usize, coordinator: &EncryptKeyPair) -> Vec<u8> {
    let keys = SigningKeyPair::generate();
    let ephemeral = EncryptKeyPair::generate();
    let model = model(&pair.vect, length);
    let (seed, masked_model) = Masker::with_seed(pair, seed(3)).mask(1.0, &model);
    let mut local_seed_dict = LocalSeedDict::new();
    local_seed_dict.insert(keys.public, seed.encrypt(&ephemeral.public));
    let update = Update {
        sum_signature: Signature::zeroed(),
        update_signature: Signature::zeroed(),
        masked_model,
        local_seed_dict,
    };
    let message = Message::new_update(keys.public, coordinator.public, update);
    let mut bytes = vec![0; message.buffer_length()];
    message.to_bytes(&mut bytes, &keys.secret);
    bytes
}

/// The sum of three masked models unmasked with the sum of their masks.
fn unmask(pair: MaskConfigPair, length: usize, runs: usize) -> Value {
    let model = model(&pair.vect, length);
    let mut total = Aggregation::new(pair, length);
    let mut masks = Aggregation::new(pair, length);
    for byte in 4..7 {
        total.aggregate(Masker::with_seed(pair, seed(byte)).mask(1.0, &model).1);
        masks.aggregate(seed(byte).derive_mask(length, pair));
    }
    let mask = masks.into();
    timed(
        runs,
        || (total.clone(), Clone::clone(&mask)),
        |(total, mask)| {
            total.validate_unmasking(&mask).expect("valid");
            total.unmask(mask)
        },
    )
}
