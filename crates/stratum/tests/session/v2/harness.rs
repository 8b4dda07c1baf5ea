//! A pool's side in frames, and what the client does, as text.

use binary_sv2::{Deserialize, GetSize, Serialize};
use common_messages_sv2 as common;
use mining_sv2 as mining;
use stratum::{Address, Effect, Input, SessionConfig};
use units::Duration;

use crate::harness::{self as v1, Harness, hex};

pub(crate) const KEY: &str = "9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh";
/// The channel and its group, as [`Talk::ready`] has them.
pub(crate) const CHANNEL: u32 = 7;
pub(crate) const GROUP: u32 = 3;
pub(crate) const NBITS: u32 = 0x1703_4219;
pub(crate) const NTIME: u32 = 0x6655_4433;

pub(crate) fn config() -> SessionConfig {
    let address = format!("stratum2+tcp://pool.example:3336/{KEY}");
    SessionConfig {
        address: Address::parse(&address).expect("an address"),
        ..v1::config()
    }
}

/// A client, and the pool that talks to it.
pub(crate) struct Talk(pub(crate) Harness);

impl Talk {
    /// Not connected yet.
    pub(crate) fn new(config: SessionConfig) -> Talk {
        Talk(Harness::new(config))
    }

    /// SetupConnection is answered with `flags`; returns what the client said then.
    pub(crate) fn set_up(config: SessionConfig, flags: u32) -> (Talk, Vec<String>) {
        let mut talk = Talk::new(config);
        talk.input(Input::Start);
        talk.input(Input::Connected);
        let said = talk.say(set_up(flags));
        (talk, said)
    }

    /// A session on an extended channel with four bytes of extranonce, at difficulty 4.
    pub(crate) fn ready() -> Talk {
        let (mut talk, _) = Talk::set_up(config(), 0);
        assert_eq!(talk.say(opened(1, 4)), ["session 02000000"]);
        talk
    }

    /// The same with job 1 running.
    pub(crate) fn mining() -> Talk {
        let mut talk = Talk::ready();
        talk.say(job(1, None, true));
        talk.say(block(1, 0xb1));
        talk
    }

    pub(crate) fn say(&mut self, bytes: Vec<u8>) -> Vec<String> {
        self.input(Input::Bytes(bytes))
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<String> {
        self.0.client.handle(self.0.now, input);
        let mut out = Vec::new();
        while let Some(effect) = self.0.client.next_effect() {
            out.push(match effect {
                Effect::Send(bytes) => format!("send {}", sent(&bytes)),
                effect => self.0.shown(effect),
            });
        }
        out
    }

    pub(crate) fn submit(&mut self, text: &str) -> Vec<String> {
        let share = self.0.share(text);
        self.input(Input::Submit(share))
    }

    /// Let time pass, waking at each deadline.
    pub(crate) fn wait_s(&mut self, seconds: u64) -> Vec<String> {
        let until = self.0.now + Duration::from_secs(seconds);
        let mut out = Vec::new();
        while let Some(at) = self.0.client.next_deadline().filter(|at| *at <= until) {
            self.0.now = self.0.now.max(at);
            out.extend(self.input(Input::Wake));
        }
        self.0.now = until;
        out
    }

    pub(crate) fn last_note(&self) -> &str {
        &self.0.last_note
    }
}

/// A frame of ours, read back.
fn sent(frame: &[u8]) -> String {
    let kind = frame[2];
    let mut payload = frame[6..].to_vec();
    let length = u32::from_le_bytes([frame[3], frame[4], frame[5], 0]);
    assert_eq!(length as usize, payload.len(), "one whole frame");
    let channel = match kind {
        mining::MESSAGE_TYPE_UPDATE_CHANNEL
        | mining::MESSAGE_TYPE_CLOSE_CHANNEL
        | mining::MESSAGE_TYPE_SUBMIT_SHARES_STANDARD
        | mining::MESSAGE_TYPE_SUBMIT_SHARES_EXTENDED => 0x80,
        _ => 0,
    };
    assert_eq!(frame[..2], [0, channel], "extension and channel bit");
    fn shown<'a, T: Deserialize<'a> + std::fmt::Display>(payload: &'a mut [u8]) -> String {
        let message: T = binary_sv2::from_bytes(payload).expect("our own message");
        message.to_string()
    }
    match kind {
        common::MESSAGE_TYPE_SETUP_CONNECTION => shown::<common::SetupConnection<'_>>(&mut payload),
        mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL => {
            shown::<mining::OpenExtendedMiningChannel<'_>>(&mut payload)
        }
        mining::MESSAGE_TYPE_OPEN_STANDARD_MINING_CHANNEL => {
            shown::<mining::OpenStandardMiningChannel<'_>>(&mut payload)
        }
        mining::MESSAGE_TYPE_UPDATE_CHANNEL => {
            shown::<mining::UpdateChannel<'_>>(&mut payload).replace("⛏️ ", "")
        }
        mining::MESSAGE_TYPE_SUBMIT_SHARES_EXTENDED => {
            shown::<mining::SubmitSharesExtended<'_>>(&mut payload)
        }
        mining::MESSAGE_TYPE_SUBMIT_SHARES_STANDARD => {
            shown::<mining::SubmitSharesStandard>(&mut payload)
        }
        _ => format!("message {kind:#04x} {}", hex(&payload)),
    }
}

/// A message of the pool's as a frame.
pub(crate) fn frame<T: Serialize + GetSize>(kind: u8, message: T) -> Vec<u8> {
    raw(0, kind, &binary_sv2::to_bytes(message).expect("a message"))
}

/// Any bytes as a frame.
pub(crate) fn raw(extension: u16, kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = extension.to_le_bytes().to_vec();
    bytes.push(kind);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes()[..3]);
    bytes.extend_from_slice(payload);
    bytes
}

pub(crate) fn set_up(flags: u32) -> Vec<u8> {
    let message = common::SetupConnectionSuccess {
        used_version: 2,
        flags,
    };
    frame(common::MESSAGE_TYPE_SETUP_CONNECTION_SUCCESS, message)
}

/// The largest number of difficulty `d`, a power of two, for the wire.
pub(crate) fn target(d: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    // 0xffff * 2^208 / d.
    let number = (0xffff_u128 << 64) / u128::from(d);
    bytes[18..].copy_from_slice(&number.to_le_bytes()[..14]);
    bytes
}

pub(crate) fn opened(request_id: u32, extranonce_size: u16) -> Vec<u8> {
    let easy = target(4);
    let message = mining::OpenExtendedMiningChannelSuccess {
        request_id,
        channel_id: CHANNEL,
        target: (&easy).into(),
        extranonce_size,
        extranonce_prefix: (&[0x0a, 0x0b]).try_into().expect("short"),
        group_channel_id: GROUP,
    };
    let kind = mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL_SUCCESS;
    frame(kind, message)
}

pub(crate) fn opened_standard(request_id: u32) -> Vec<u8> {
    let easy = target(4);
    let message = mining::OpenStandardMiningChannelSuccess {
        request_id,
        channel_id: CHANNEL,
        target: (&easy).into(),
        extranonce_prefix: (&[0x0a, 0x0b]).try_into().expect("short"),
        group_channel_id: GROUP,
    };
    let kind = mining::MESSAGE_TYPE_OPEN_STANDARD_MINING_CHANNEL_SUCCESS;
    frame(kind, message)
}

pub(crate) fn open_error(request_id: u32, code: &str) -> Vec<u8> {
    let message = mining::OpenMiningChannelError {
        request_id,
        error_code: code.try_into().expect("short"),
    };
    frame(mining::MESSAGE_TYPE_OPEN_MINING_CHANNEL_ERROR, message)
}

/// A job of the channel; without a time it waits for a block.
pub(crate) fn job(id: u32, min_ntime: Option<u32>, rolling: bool) -> Vec<u8> {
    job_to(CHANNEL, id, min_ntime, rolling, &[0x5a; 2])
}

pub(crate) fn job_to(
    channel_id: u32,
    job_id: u32,
    min_ntime: Option<u32>,
    version_rolling_allowed: bool,
    branches: &[u8],
) -> Vec<u8> {
    let path: Vec<[u8; 32]> = branches.iter().map(|b| [*b; 32]).collect();
    let path: Vec<binary_sv2::U256<'_>> = path.iter().map(Into::into).collect();
    let message = mining::NewExtendedMiningJob {
        channel_id,
        job_id,
        min_ntime: binary_sv2::Sv2Option::new(min_ntime),
        version: 0x2000_0000,
        version_rolling_allowed,
        merkle_path: path.try_into().expect("short"),
        coinbase_tx_prefix: (&[1, 0, 0, 0]).try_into().expect("short"),
        coinbase_tx_suffix: (&[0xff; 4]).try_into().expect("short"),
    };
    frame(mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB, message)
}

pub(crate) fn standard_job(job_id: u32, min_ntime: Option<u32>, root: u8) -> Vec<u8> {
    let root = [root; 32];
    let message = mining::NewMiningJob {
        channel_id: CHANNEL,
        job_id,
        min_ntime: binary_sv2::Sv2Option::new(min_ntime),
        version: 0x2000_0000,
        merkle_root: (&root).into(),
    };
    frame(mining::MESSAGE_TYPE_NEW_MINING_JOB, message)
}

/// A new block for the channel, on which job `job_id` runs.
pub(crate) fn block(job_id: u32, prev: u8) -> Vec<u8> {
    block_to(CHANNEL, job_id, prev, NBITS)
}

pub(crate) fn block_to(channel_id: u32, job_id: u32, prev: u8, nbits: u32) -> Vec<u8> {
    let prev = [prev; 32];
    let message = mining::SetNewPrevHash {
        channel_id,
        job_id,
        prev_hash: (&prev).into(),
        min_ntime: NTIME,
        nbits,
    };
    frame(mining::MESSAGE_TYPE_MINING_SET_NEW_PREV_HASH, message)
}

pub(crate) fn set_target(channel_id: u32, wire: [u8; 32]) -> Vec<u8> {
    let message = mining::SetTarget {
        channel_id,
        maximum_target: (&wire).into(),
    };
    frame(mining::MESSAGE_TYPE_SET_TARGET, message)
}

pub(crate) fn set_prefix(prefix: &[u8]) -> Vec<u8> {
    let message = mining::SetExtranoncePrefix {
        channel_id: CHANNEL,
        extranonce_prefix: prefix.try_into().expect("short"),
    };
    frame(mining::MESSAGE_TYPE_SET_EXTRANONCE_PREFIX, message)
}

pub(crate) fn accepted(last: u32, count: u32) -> Vec<u8> {
    let message = mining::SubmitSharesSuccess {
        channel_id: CHANNEL,
        last_sequence_number: last,
        new_submits_accepted_count: count,
        new_shares_sum: u64::from(count) * 4,
    };
    frame(mining::MESSAGE_TYPE_SUBMIT_SHARES_SUCCESS, message)
}

pub(crate) fn refused(sequence_number: u32, code: &str) -> Vec<u8> {
    let message = mining::SubmitSharesError {
        channel_id: CHANNEL,
        sequence_number,
        error_code: code.try_into().expect("short"),
    };
    frame(mining::MESSAGE_TYPE_SUBMIT_SHARES_ERROR, message)
}
