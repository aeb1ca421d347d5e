//! The released HTTP client, with an event for each message and each change of the parameters.

use async_trait::async_trait;
use xaynet_core::{
    common::RoundParameters, mask::Model, SumDict, SumParticipantPublicKey, UpdateSeedDict,
};
use xaynet_sdk::{
    client::{Client, ClientError, InvalidBaseUrl},
    XaynetClient,
};

use crate::events::{emit, Event};

pub struct Coordinator {
    client: Client<reqwest::Client>,
    parameters: Option<RoundParameters>,
}

impl Coordinator {
    pub fn new(url: &str) -> Result<Self, InvalidBaseUrl> {
        Ok(Self {
            client: Client::new(reqwest::Client::new(), url)?,
            parameters: None,
        })
    }
}

#[async_trait]
impl XaynetClient for Coordinator {
    type Error = ClientError;

    async fn get_round_params(&mut self) -> Result<RoundParameters, ClientError> {
        let parameters = self.client.get_round_params().await?;
        if self.parameters.as_ref() != Some(&parameters) {
            emit(Event::Parameters(&parameters));
            self.parameters = Some(parameters.clone());
        }
        Ok(parameters)
    }

    async fn get_sums(&mut self) -> Result<Option<SumDict>, ClientError> {
        self.client.get_sums().await
    }

    async fn get_seeds(
        &mut self,
        public: SumParticipantPublicKey,
    ) -> Result<Option<UpdateSeedDict>, ClientError> {
        self.client.get_seeds(public).await
    }

    async fn get_model(&mut self) -> Result<Option<Model>, ClientError> {
        self.client.get_model().await
    }

    async fn send_message(&mut self, sealed: Vec<u8>) -> Result<(), ClientError> {
        let bytes = sealed.len();
        let sent = self.client.send_message(sealed).await;
        emit(match &sent {
            Ok(()) => Event::Sent { bytes },
            Err(error) => Event::NotSent {
                bytes,
                reason: error.to_string(),
            },
        });
        sent
    }
}
