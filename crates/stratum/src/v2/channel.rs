//! The way to `Ready`: SetupConnection and the opening of a channel; and what the pool says
//! of that channel afterwards.

use std::sync::Arc;

use binary_sv2::{Str0255, U256};
use common_messages_sv2 as common;
use mining_sv2 as mining;
use telemetry::Code;
use work::Target;

use crate::Effect;
use crate::limits::{
    EXTRANONCE_WANTED, EXTRANONCE2_BYTES, HASHRATE_CHANGE, HASHRATE_GAP, SUBSCRIBE_TIMEOUT,
};
use crate::session::{Context, Flow, Retry, end};
use crate::v2::frames::frame;
use crate::v2::session::{Phase, Session};
use crate::v2::words;

/// The version of the protocol that we speak.
const VERSION: u16 = 2;
/// SetupConnection: version bits are rolled.
const REQUIRES_VERSION_ROLLING: u32 = 1 << 2;
/// SetupConnection.Success: version bits must not be rolled.
const REQUIRES_FIXED_VERSION: u32 = 1 << 0;
/// SetupConnection.Success: there are no standard channels.
const REQUIRES_EXTENDED_CHANNELS: u32 = 1 << 1;

/// What kind of channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A part of the coinbase is ours; asked for with at least so many bytes.
    Extended { wanted: u16 },
    /// The whole coinbase is the pool's.
    Standard,
}

/// The channel that we mine on.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(super) id: u32,
    /// What is addressed to this id holds for the channel too.
    pub(super) group: u32,
    /// Bytes of the coinbase that are ours; `None` on a standard channel.
    pub(super) extranonce_size: Option<u8>,
    /// The pool's bytes before ours, for jobs that come from now on.
    pub(super) prefix: Arc<[u8]>,
    /// For jobs that begin from now on.
    pub(super) target: Target,
}

impl Channel {
    /// Whether a message to `id` concerns it.
    pub(super) fn answers_to(&self, id: u32) -> bool {
        id == self.id || id == self.group
    }
}

impl Session {
    /// Present ourselves.
    pub(super) fn set_up(&mut self, cx: &mut Context<'_>) {
        let rolls = cx.config.version_mask != 0 && cx.manners.configure;
        let endpoint = cx.config.address.endpoint();
        let (name, firmware) = match cx.config.agent.split_once('/') {
            Some((name, version)) => (name, version),
            None => (&*cx.config.agent, ""),
        };
        let message = common::SetupConnection {
            protocol: common::Protocol::MiningProtocol,
            min_version: VERSION,
            max_version: VERSION,
            flags: if rolls { REQUIRES_VERSION_ROLLING } else { 0 },
            endpoint_host: text(&endpoint.host),
            endpoint_port: endpoint.port,
            vendor: text(name),
            hardware_version: text(""),
            firmware: text(firmware),
            // Nobody's business.
            device_id: text(""),
        };
        let kind = common::MESSAGE_TYPE_SETUP_CONNECTION;
        cx.out.send(frame(kind, false, message));
        self.phase = Phase::Setup {
            until: cx.now + SUBSCRIBE_TIMEOUT,
        };
    }

    pub(super) fn set_up_done(
        &mut self,
        cx: &mut Context<'_>,
        message: &common::SetupConnectionSuccess,
    ) -> Flow {
        if !matches!(self.phase, Phase::Setup { .. }) {
            return Ok(());
        }
        if message.used_version != VERSION {
            let detail = format!("the pool chose version {}", message.used_version);
            return end(Code::PoolProtocol, detail, Retry::Slow);
        }
        self.fixed_version = message.flags & REQUIRES_FIXED_VERSION != 0;
        self.extended_only = message.flags & REQUIRES_EXTENDED_CHANNELS != 0;
        let kind = match cx.manners.extended || self.extended_only {
            true => Kind::Extended {
                wanted: EXTRANONCE_WANTED,
            },
            false => Kind::Standard,
        };
        self.open_channel(cx, kind)
    }

    pub(super) fn set_up_refused(
        &mut self,
        cx: &mut Context<'_>,
        message: &common::SetupConnectionError<'_>,
    ) -> Flow {
        let code = words::code(&message.error_code);
        let detail = format!(
            "SetupConnection: {} flags={:#x}",
            words::explained(&code),
            message.flags
        );
        let rolling = message.flags & REQUIRES_VERSION_ROLLING != 0;
        if code == common::ERROR_CODE_SETUP_CONNECTION_UNSUPPORTED_FEATURE_FLAGS && rolling {
            // Next time without, as with a V1 pool that closes on `mining.configure`.
            cx.manners.configure = false;
            return end(Code::PoolSubscribe, detail, Retry::Backoff);
        }
        end(Code::PoolSubscribe, detail, Retry::Slow)
    }

    fn open_channel(&mut self, cx: &mut Context<'_>, kind: Kind) -> Flow {
        if cx.config.user.len() > usize::from(u8::MAX) {
            let detail = "the user's name is longer than the 255 bytes that Stratum V2 carries";
            return end(Code::PoolRefusedUser, detail, Retry::Slow);
        }
        let request = self.next_request;
        self.next_request += 1;
        self.told = (cx.hashrate, cx.now);
        let user_identity = text(&cx.config.user);
        let nominal_hash_rate = on_the_wire(cx.hashrate);
        // Every target is welcome: none is too easy.
        let easiest = Target::MAX.to_le_bytes();
        let max_target: U256<'_> = (&easiest).into();
        let bytes = match kind {
            Kind::Extended { wanted } => {
                let message = mining::OpenExtendedMiningChannel {
                    request_id: request,
                    user_identity,
                    nominal_hash_rate,
                    max_target,
                    min_extranonce_size: wanted,
                };
                let kind = mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL;
                frame(kind, false, message)
            }
            Kind::Standard => {
                let message = mining::OpenStandardMiningChannel {
                    request_id: request,
                    user_identity,
                    nominal_hash_rate,
                    max_target,
                };
                let kind = mining::MESSAGE_TYPE_OPEN_STANDARD_MINING_CHANNEL;
                frame(kind, false, message)
            }
        };
        cx.out.send(bytes);
        self.phase = Phase::Open {
            until: cx.now + SUBSCRIBE_TIMEOUT,
            request,
            kind,
        };
        Ok(())
    }

    pub(super) fn opened_extended(
        &mut self,
        cx: &mut Context<'_>,
        message: &mining::OpenExtendedMiningChannelSuccess<'_>,
    ) -> Flow {
        let size = u8::try_from(message.extranonce_size)
            .ok()
            .filter(|size| usize::from(*size) <= EXTRANONCE2_BYTES);
        let Some(size) = size else {
            let detail = format!("extranonce2_bytes={}", message.extranonce_size);
            return end(Code::PoolExtranonce, detail, Retry::Slow);
        };
        let channel = Channel {
            id: message.channel_id,
            group: message.group_channel_id,
            extranonce_size: Some(size),
            prefix: message.extranonce_prefix.as_bytes().into(),
            target: target(&message.target),
        };
        self.opened(cx, message.request_id, channel);
        Ok(())
    }

    pub(super) fn opened_standard(
        &mut self,
        cx: &mut Context<'_>,
        message: &mining::OpenStandardMiningChannelSuccess<'_>,
    ) -> Flow {
        let channel = Channel {
            id: message.channel_id,
            group: message.group_channel_id,
            extranonce_size: None,
            prefix: message.extranonce_prefix.as_bytes().into(),
            target: target(&message.target),
        };
        self.opened(cx, message.request_id, channel);
        Ok(())
    }

    /// The pool takes us.
    fn opened(&mut self, cx: &mut Context<'_>, request: u32, channel: Channel) {
        let kind = if channel.extranonce_size.is_some() {
            "extended"
        } else {
            "standard"
        };
        let asked = match self.phase {
            Phase::Open {
                request: own, kind, ..
            } => own == request && (kind == Kind::Standard) == channel.extranonce_size.is_none(),
            _ => false,
        };
        if !asked {
            let detail = format!("a {kind} channel that was not asked for");
            return cx.note(Code::PoolProtocol, detail);
        }
        self.phase = Phase::Ready;
        *cx.manners = cx.manners.after_success();
        self.channel = Some(channel);
        cx.out.push(Effect::Session(self.id));
    }

    pub(super) fn open_refused(
        &mut self,
        cx: &mut Context<'_>,
        message: &mining::OpenMiningChannelError<'_>,
    ) -> Flow {
        let Phase::Open { request, kind, .. } = self.phase else {
            return Ok(());
        };
        if request != message.request_id {
            return Ok(());
        }
        let code = words::code(&message.error_code);
        let detail = words::explained(&code);
        match &*code {
            mining::ERROR_CODE_OPEN_MINING_CHANNEL_UNKNOWN_USER
            | mining::ERROR_CODE_OPEN_MINING_CHANNEL_INVALID_USER_IDENTITY => {
                let detail = format!("user={:?} {detail}", cx.config.user);
                return end(Code::PoolRefusedUser, detail, Retry::Slow);
            }
            mining::ERROR_CODE_OPEN_MINING_CHANNEL_CHANNEL_CAPACITY_EXHAUSTED => {
                return end(Code::PoolSubscribe, detail, Retry::Backoff);
            }
            _ => {}
        }
        let fewer = matches!(
            &*code,
            mining::ERROR_CODE_OPEN_MINING_CHANNEL_MIN_EXTRANONCE_SIZE_TOO_LARGE
                | mining::ERROR_CODE_OPEN_MINING_CHANNEL_UNSUPPORTED_MIN_EXTRANONCE_SIZE
        );
        match kind {
            Kind::Extended { wanted: 2.. } if fewer => {
                self.open_channel(cx, Kind::Extended { wanted: 1 })
            }
            Kind::Extended { .. } if !self.extended_only => {
                let detail = format!("no extended channel: {detail}; asking for a standard one");
                cx.note(Code::PoolProtocol, detail);
                self.open_channel(cx, Kind::Standard)
            }
            _ => end(Code::PoolSubscribe, detail, Retry::Slow),
        }
    }

    /// The machine's hashrate is known better; the pool is told if it makes a difference.
    pub(crate) fn hashrate(&mut self, cx: &mut Context<'_>) {
        let (told, at) = self.told;
        let change = (cx.hashrate - told).abs();
        if change > told * HASHRATE_CHANGE && cx.now.since(at) >= HASHRATE_GAP {
            self.update_channel(cx);
        }
    }

    pub(super) fn update_channel(&mut self, cx: &mut Context<'_>) {
        let Some(channel) = &self.channel else {
            return;
        };
        self.told = (cx.hashrate, cx.now);
        let easiest = Target::MAX.to_le_bytes();
        let message = mining::UpdateChannel {
            channel_id: channel.id,
            nominal_hash_rate: on_the_wire(cx.hashrate),
            maximum_target: (&easiest).into(),
        };
        let kind = mining::MESSAGE_TYPE_UPDATE_CHANNEL;
        cx.out.send(frame(kind, true, message));
    }
}

/// A share target as it is on the wire: an absolute number, whatever a difficulty of one
/// stands for at this pool.
pub(super) fn target(wire: &U256<'_>) -> Target {
    Target::from_le_bytes(*wire.as_array())
}

/// Pools refuse a hashrate of zero; before the first hash it is one.
fn on_the_wire(hashes_per_s: f64) -> f32 {
    (hashes_per_s as f32).clamp(1.0, f32::MAX)
}

/// At most 255 bytes of `text`, cut between characters.
fn text(text: &str) -> Str0255<'_> {
    let mut end = text.len().min(usize::from(u8::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].try_into().expect("at most 255 bytes")
}
