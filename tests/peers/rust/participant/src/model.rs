//! The local model: one file of weights, the same in every round.

use std::{convert::Infallible, error::Error, fs, path::Path, str::FromStr, sync::Arc};

use async_trait::async_trait;
use xaynet_core::mask::{FromPrimitives, Model};
use xaynet_sdk::ModelStore;

#[derive(Clone, Copy)]
pub enum DataType {
    F32,
    F64,
    I32,
    I64,
}

impl FromStr for DataType {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "f32" => Ok(Self::F32),
            "f64" => Ok(Self::F64),
            "i32" => Ok(Self::I32),
            "i64" => Ok(Self::I64),
            _ => Err(format!("{} is none of f32, f64, i32, i64", name)),
        }
    }
}

pub struct LocalModel(Arc<Model>);

impl LocalModel {
    pub fn read(path: &Path, data_type: DataType) -> Result<Self, Box<dyn Error>> {
        let bytes = fs::read(path)?;
        let model = match data_type {
            DataType::F32 => Model::from_primitives(weights(&bytes, f32::from_le_bytes)?)?,
            DataType::F64 => Model::from_primitives(weights(&bytes, f64::from_le_bytes)?)?,
            DataType::I32 => Model::from_primitives(weights(&bytes, i32::from_le_bytes)?)?,
            DataType::I64 => Model::from_primitives(weights(&bytes, i64::from_le_bytes)?)?,
        };
        Ok(Self(Arc::new(model)))
    }
}

fn weights<'a, T: 'a, const SIZE: usize>(
    bytes: &'a [u8],
    decode: fn([u8; SIZE]) -> T,
) -> Result<impl Iterator<Item = T> + 'a, String> {
    if bytes.len() % SIZE != 0 {
        return Err(format!(
            "{} bytes are no whole number of weights",
            bytes.len()
        ));
    }
    let weight = move |bytes: &[u8]| decode(bytes.try_into().expect("chunks_exact"));
    Ok(bytes.chunks_exact(SIZE).map(weight))
}

#[async_trait]
impl ModelStore for LocalModel {
    type Model = Arc<Model>;
    type Error = Infallible;

    async fn load_model(&mut self) -> Result<Option<Self::Model>, Infallible> {
        Ok(Some(self.0.clone()))
    }
}
