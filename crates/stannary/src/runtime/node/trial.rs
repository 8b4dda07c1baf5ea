//! One's own node that is in no list yet: what it answers to the questions that the miner would ask.

use std::time::Duration;

use api::{PoolRefused, Reached, Tried};
use stratum::node::{Access, Chain, FailureKind, Payout};
use telemetry::Code;

use super::bell;
use super::rpc::{ChainInfo, Rpc, RpcError};

/// For each of the two answers. A person waits for it; a node whose answers take longer would
/// be told so here, and mined at nevertheless.
const PATIENCE: Duration = Duration::from_secs(8);

/// Ask for its chain and for a template, which has to pay this address. Somebody is there.
pub(crate) fn try_node(access: Access, payee: &str) -> Tried {
    // Nobody calls the asker off: it ends within its patience.
    let (_post, _orders, ear) = match bell::post::<()>(1) {
        Ok(made) => made,
        Err(error) => return refused(Code::PoolConnect, error.to_string()),
    };
    let rpc = Rpc::with_patience(access, PATIENCE);
    let info = match rpc.chain(&ear) {
        Ok(info) => info,
        Err(error) => return failed("", &error),
    };
    let seen = words(&info);
    let Some(chain) = Chain::named(&info.chain) else {
        return refused(Code::NodeRules, format!("{seen}, which is not known"));
    };
    let script = Payout::parse(payee).and_then(|payout| payout.script(chain));
    if let Err(why) = script {
        return refused(Code::NodePayout, format!("{seen}; {why}"));
    }
    let template = rpc
        .ask_template(Some(chain), None)
        .and_then(|question| rpc.template(question, &ear));
    match template {
        Ok(_) => Tried {
            reached: Reached::Authorized,
            why: None,
            seen: Some(seen),
        },
        Err(error) => failed(&format!("{seen}; "), &error),
    }
}

fn words(info: &ChainInfo) -> String {
    let mut words = format!("its chain is {}", info.chain);
    match (info.blocks, info.headers) {
        (Some(blocks), Some(headers)) if blocks < headers => {
            words += &format!(" at height {blocks} of {headers}");
        }
        (Some(blocks), _) => words += &format!(" at height {blocks}"),
        _ => {}
    }
    words
}

/// The same codes as while it is mined at; `before` is what was seen until then.
fn failed(before: &str, error: &RpcError) -> Tried {
    let failure = error.failure();
    let code = match failure.as_ref().map(|failure| failure.kind) {
        Some(FailureKind::Login) => Code::NodeLogin,
        Some(FailureKind::NotReady) => Code::NodeNotReady,
        Some(FailureKind::Broken) => Code::NodeTemplate,
        Some(FailureKind::Unreachable) | None => Code::PoolConnect,
    };
    refused(code, format!("{before}{error}"))
}

fn refused(code: Code, detail: String) -> Tried {
    Tried {
        reached: Reached::Protected,
        why: Some(PoolRefused { code, detail }),
        seen: None,
    }
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
