//! What a pool says: each message read, checked for whom it is, and passed on.

use std::sync::Arc;

use binary_sv2::{Deserialize, from_bytes};
use common_messages_sv2 as common;
use mining_sv2 as mining;
use telemetry::Code;
use units::Duration;
use work::Target;

use crate::limits::MALFORMED_LINES;
use crate::session::{Context, Flow, Retry, end, redirected};
use crate::text::printable;
use crate::v2::channel::target;
use crate::v2::jobs::{Block, Body, Template};
use crate::v2::session::Session;
use crate::v2::words;

impl Session {
    /// One message of a known type.
    pub(super) fn call(&mut self, cx: &mut Context<'_>, kind: u8, mut payload: Vec<u8>) -> Flow {
        let bytes = &mut payload[..];
        let done = match kind {
            common::MESSAGE_TYPE_SETUP_CONNECTION_SUCCESS => {
                read(bytes).map(|m| self.set_up_done(cx, &m))
            }
            common::MESSAGE_TYPE_SETUP_CONNECTION_ERROR => {
                read(bytes).map(|m| self.set_up_refused(cx, &m))
            }
            common::MESSAGE_TYPE_RECONNECT => read(bytes).map(|m| reconnect(cx, &m)),
            mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL_SUCCESS => {
                read(bytes).map(|m| self.opened_extended(cx, &m))
            }
            mining::MESSAGE_TYPE_OPEN_STANDARD_MINING_CHANNEL_SUCCESS => {
                read(bytes).map(|m| self.opened_standard(cx, &m))
            }
            mining::MESSAGE_TYPE_OPEN_MINING_CHANNEL_ERROR => {
                read(bytes).map(|m| self.open_refused(cx, &m))
            }
            mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB => {
                read(bytes).map(|m| self.extended_job(cx, &m))
            }
            mining::MESSAGE_TYPE_NEW_MINING_JOB => read(bytes).map(|m| self.standard_job(cx, &m)),
            mining::MESSAGE_TYPE_MINING_SET_NEW_PREV_HASH => {
                read(bytes).map(|m| self.new_block(cx, &m))
            }
            mining::MESSAGE_TYPE_SET_TARGET => read(bytes).map(|m| self.set_target(cx, &m)),
            mining::MESSAGE_TYPE_SET_EXTRANONCE_PREFIX => read(bytes).map(|m| self.set_prefix(&m)),
            mining::MESSAGE_TYPE_SET_GROUP_CHANNEL => read(bytes).map(|m| self.set_group(&m)),
            mining::MESSAGE_TYPE_SUBMIT_SHARES_SUCCESS => {
                read(bytes).map(|m: mining::SubmitSharesSuccess| {
                    if self.is_for_us(m.channel_id) {
                        self.submits.accepted(cx, &m);
                    }
                    Ok(())
                })
            }
            mining::MESSAGE_TYPE_SUBMIT_SHARES_ERROR => {
                read(bytes).map(|m: mining::SubmitSharesError<'_>| {
                    match self.is_for_us(m.channel_id) {
                        true => self.submits.refused(cx, &m),
                        false => Ok(()),
                    }
                })
            }
            mining::MESSAGE_TYPE_UPDATE_CHANNEL_ERROR => {
                read(bytes).map(|m: mining::UpdateChannelError<'_>| {
                    let why = words::explained(&words::code(&m.error_code));
                    cx.note(Code::PoolProtocol, format!("UpdateChannel: {why}"));
                    Ok(())
                })
            }
            mining::MESSAGE_TYPE_CLOSE_CHANNEL => read(bytes).map(|m| self.close_channel(&m)),
            _ => return Ok(()),
        };
        match done {
            Ok(flow) => flow,
            Err(why) => self.malformed(cx, kind, &why),
        }
    }

    fn malformed(&mut self, cx: &mut Context<'_>, kind: u8, why: &str) -> Flow {
        cx.note(Code::PoolProtocol, format!("message={kind:#04x} {why}"));
        self.malformed += 1;
        if self.malformed >= MALFORMED_LINES {
            let detail = format!("messages={} that cannot be read", self.malformed);
            return end(Code::PoolProtocol, detail, Retry::Backoff);
        }
        Ok(())
    }

    fn is_for_us(&self, channel: u32) -> bool {
        let own = self.channel.as_ref();
        own.is_some_and(|own| own.answers_to(channel))
    }

    fn extended_job(
        &mut self,
        cx: &mut Context<'_>,
        message: &mining::NewExtendedMiningJob<'_>,
    ) -> Flow {
        let own = self.channel.as_ref();
        let Some(channel) = own.filter(|own| own.answers_to(message.channel_id)) else {
            return Ok(());
        };
        let branches: Arc<[[u8; 32]]> = message.merkle_path.iter().map(|b| *b.as_array()).collect();
        let template = Template {
            id: message.job_id,
            version: message.version,
            rolling: message.version_rolling_allowed,
            body: Body::Coinbase {
                before: message.coinbase_tx_prefix.as_bytes().into(),
                after: message.coinbase_tx_suffix.as_bytes().into(),
                branches,
                prefix: channel.prefix.clone(),
                size: channel.extranonce_size.unwrap_or(0),
            },
        };
        self.take_job(cx, template, message.min_ntime.as_ref().copied());
        Ok(())
    }

    fn standard_job(&mut self, cx: &mut Context<'_>, message: &mining::NewMiningJob<'_>) -> Flow {
        let Some(channel) = self.channel.as_ref().filter(|c| c.id == message.channel_id) else {
            return Ok(());
        };
        if channel.extranonce_size.is_some() {
            let detail = format!("job={} is for a standard channel", message.job_id);
            cx.note(Code::PoolJob, detail);
            return Ok(());
        }
        let template = Template {
            id: message.job_id,
            version: message.version,
            rolling: true,
            body: Body::Root(*message.merkle_root.as_array()),
        };
        self.take_job(cx, template, message.min_ntime.as_ref().copied());
        Ok(())
    }

    fn new_block(&mut self, cx: &mut Context<'_>, message: &mining::SetNewPrevHash<'_>) -> Flow {
        if !self.is_for_us(message.channel_id) {
            return Ok(());
        }
        let Some(network_target) = Target::from_nbits(message.nbits) else {
            // Nothing can be mined on it, and what was mined before is void.
            let detail = format!("nbits={:08x} is no target", message.nbits);
            return end(Code::PoolJob, detail, Retry::Backoff);
        };
        let block = Block {
            prev_hash: *message.prev_hash.as_array(),
            nbits: message.nbits,
            network_target,
        };
        self.take_block(cx, block, message.job_id, message.min_ntime);
        Ok(())
    }

    /// For jobs that begin from now on.
    fn set_target(&mut self, cx: &mut Context<'_>, message: &mining::SetTarget<'_>) -> Flow {
        let own = self.channel.as_mut();
        if let Some(channel) = own.filter(|own| own.answers_to(message.channel_id)) {
            let target = target(&message.maximum_target);
            match target.difficulty().is_finite() {
                true => channel.target = target,
                false => cx.note(Code::PoolDifficulty, "a target of zero".to_owned()),
            }
        }
        Ok(())
    }

    /// For jobs that come from now on.
    fn set_prefix(&mut self, message: &mining::SetExtranoncePrefix<'_>) -> Flow {
        if let Some(channel) = &mut self.channel
            && channel.id == message.channel_id
        {
            channel.prefix = message.extranonce_prefix.as_bytes().into();
        }
        Ok(())
    }

    fn set_group(&mut self, message: &mining::SetGroupChannel<'_>) -> Flow {
        if let Some(channel) = &mut self.channel
            && message.channel_ids.iter().any(|id| *id == channel.id)
        {
            channel.group = message.group_channel_id;
        }
        Ok(())
    }

    fn close_channel(&mut self, message: &mining::CloseChannel<'_>) -> Flow {
        if !self.is_for_us(message.channel_id) {
            return Ok(());
        }
        let why = words::explained(&words::code(&message.reason_code));
        let detail = format!("the pool closed our channel: {why}");
        end(Code::PoolClosed, detail, Retry::Backoff)
    }
}

/// Reconnect: to another host or port, never to another key.
fn reconnect(cx: &mut Context<'_>, message: &common::Reconnect<'_>) -> Flow {
    let host = words::code(&message.new_host);
    let port = Some(message.new_port).filter(|port| *port != 0);
    redirected(cx, &host, port, Duration::ZERO)
}

/// Read a message. What stands behind its last field is somebody's extension.
fn read<'a, T: Deserialize<'a>>(payload: &'a mut [u8]) -> Result<T, String> {
    from_bytes(payload).map_err(|error| printable(&error.to_string()))
}
