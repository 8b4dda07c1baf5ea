//! Which job runs, on what block, and with what.

use mining_sv2 as mining;

use crate::harness::hex;
use crate::v2::harness::*;

fn shown(id: u32, serial: u32, clean: bool) -> String {
    format!(
        "job {id} serial={serial} clean={clean} difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4"
    )
}

#[test]
fn a_future_job_runs_when_its_block_comes() {
    let mut talk = Talk::ready();
    assert_eq!(talk.say(job(1, None, true)), [""; 0]);
    assert_eq!(
        talk.say(block(1, 0xb1)),
        ["note E-POOL-UP".to_owned(), shown(1, 0, true)]
    );
    let job = talk.0.jobs.last().expect("a job");
    assert_eq!(job.prev_hash, [0xb1; 32]);
    assert_eq!((job.nbits, job.ntime), (NBITS, NTIME));
    assert_eq!(job.version, 0x2000_0000);
    assert_eq!(*job.branches, [[0x5a; 32]; 2]);
    assert_eq!(hex(&job.coinbase(0x0102)), "010000000a0b00000102ffffffff");
    assert_eq!(job.fixed_root, None);
}

#[test]
fn a_job_with_a_time_runs_at_once_and_voids_nothing() {
    let mut talk = Talk::mining();
    assert_eq!(
        talk.say(job(2, Some(NTIME + 5), true)),
        [shown(2, 1, false)]
    );
    let job = talk.0.jobs.last().expect("a job");
    assert_eq!((job.ntime, job.prev_hash), (NTIME + 5, [0xb1; 32]));
}

#[test]
fn a_job_with_a_time_and_no_block_is_skipped() {
    let mut talk = Talk::ready();
    let said = talk.say(job(2, Some(NTIME), true));
    assert_eq!(said, ["note E-POOL-JOB"]);
}

#[test]
fn a_block_takes_the_job_that_it_names_and_voids_the_others() {
    let mut talk = Talk::mining();
    for id in 10..13 {
        talk.say(job(id, None, true));
    }
    assert_eq!(talk.say(block(11, 0xb2)), [shown(11, 1, true)]);
    // The others are gone: the next block cannot name them.
    assert_eq!(talk.say(block(12, 0xb3)), ["note E-POOL-JOB"]);
    // Nothing of the old block counts any more, so the job that comes is clean.
    assert_eq!(talk.say(job(13, Some(NTIME), true)), [shown(13, 2, true)]);
    assert_eq!(talk.0.jobs.last().expect("a job").prev_hash, [0xb3; 32]);
}

#[test]
fn a_block_without_a_job_is_waited_for_ten_seconds() {
    let mut talk = Talk::mining();
    talk.say(block(99, 0xb2));
    assert_eq!(talk.wait_s(9), [""; 0]);
    let said = talk.wait_s(1);
    let expected = ["disconnect", "ended 02000000", "note E-POOL-SILENT"];
    for part in expected {
        assert!(said.iter().any(|line| line == part), "{said:?}");
    }
}

#[test]
fn a_job_under_a_known_name_replaces_the_one_that_waits() {
    let mut talk = Talk::ready();
    talk.say(job_to(CHANNEL, 1, None, true, &[1]));
    talk.say(job_to(CHANNEL, 1, None, true, &[2]));
    talk.say(block(1, 0xb1));
    assert_eq!(*talk.0.jobs[0].branches, [[2; 32]]);
}

#[test]
fn only_the_newest_of_many_waiting_jobs_are_kept() {
    let mut talk = Talk::ready();
    for id in 0..17 {
        talk.say(job(id, None, true));
    }
    assert_eq!(talk.say(block(0, 0xb1)), ["note E-POOL-JOB"]);
    for id in 0..17 {
        talk.say(job(id, None, true));
    }
    let said = talk.say(block(1, 0xb1));
    assert!(
        said.iter().any(|line| line.starts_with("job 1 ")),
        "{said:?}"
    );
}

#[test]
fn a_target_holds_for_jobs_that_begin_after_it() {
    let mut talk = Talk::mining();
    talk.say(job(2, None, true));
    // Also for the one that waits already, and not for the one that runs.
    assert_eq!(talk.say(set_target(CHANNEL, target(16))), [""; 0]);
    let said = talk.say(job(3, Some(NTIME), true));
    assert!(said[0].contains("difficulty=16.0000"), "{said:?}");
    let said = talk.say(block(2, 0xb2));
    assert!(said[0].contains("difficulty=16.0000"), "{said:?}");
    assert!((talk.0.jobs[0].share_target.difficulty() - 4.0).abs() < 1e-9);
    // To the last bit, and whatever difficulty one is.
    talk.say(set_target(GROUP, [0x21; 32]));
    talk.say(job(4, Some(NTIME), true));
    let job = talk.0.jobs.last().expect("a job");
    assert_eq!(job.share_target.to_le_bytes(), [0x21; 32]);
}

#[test]
fn a_target_that_nothing_meets_is_not_taken() {
    let mut talk = Talk::mining();
    assert_eq!(talk.say(set_target(CHANNEL, [0; 32])), ["note E-POOL-DIFF"]);
    assert_eq!(talk.say(job(2, Some(NTIME), true)), [shown(2, 1, false)]);
}

#[test]
fn a_prefix_holds_for_jobs_that_come_after_it() {
    let mut talk = Talk::mining();
    talk.say(job(2, None, true));
    assert_eq!(talk.say(set_prefix(&[1, 2, 3])), [""; 0]);
    talk.say(job(3, None, true));
    talk.say(block(2, 0xb2));
    assert_eq!(*talk.0.jobs[1].extranonce1, [0x0a, 0x0b]);
    talk.say(job(3, None, true));
    talk.say(block(3, 0xb3));
    assert_eq!(*talk.0.jobs[2].extranonce1, [1, 2, 3]);
}

#[test]
fn version_bits_are_rolled_where_job_and_connection_allow_it() {
    let check = |flags: u32, rolling: bool, mask: u32| {
        let (mut talk, _) = Talk::set_up(config(), flags);
        talk.say(opened(1, 4));
        talk.say(job(1, None, rolling));
        talk.say(block(1, 0xb1));
        assert_eq!(talk.0.jobs[0].version_mask, mask);
    };
    check(0, true, 0x1fff_e000);
    check(0, false, 0);
    check(1, true, 0);
}

#[test]
fn what_is_addressed_to_the_group_holds_for_the_channel() {
    let mut talk = Talk::ready();
    talk.say(job_to(GROUP, 1, None, true, &[]));
    let said = talk.say(block_to(GROUP, 1, 0xb1, NBITS));
    assert_eq!(said[1], shown(1, 0, true));
    // Another group's is not ours, until we are made its member.
    let other = 44;
    assert_eq!(talk.say(job_to(other, 2, Some(NTIME), true, &[])), [""; 0]);
    let regroup = |ids: Vec<u32>| {
        let message = mining::SetGroupChannel {
            group_channel_id: other,
            channel_ids: ids.try_into().expect("short"),
        };
        frame(mining::MESSAGE_TYPE_SET_GROUP_CHANNEL, message)
    };
    talk.say(regroup(vec![1, 2]));
    assert_eq!(talk.say(job_to(other, 2, Some(NTIME), true, &[])), [""; 0]);
    talk.say(regroup(vec![1, CHANNEL]));
    let said = talk.say(job_to(other, 2, Some(NTIME), true, &[]));
    assert_eq!(said, [shown(2, 1, false)]);
    assert_eq!(talk.say(job_to(GROUP, 3, Some(NTIME), true, &[])), [""; 0]);
}

#[test]
fn a_standard_channel_mines_on_the_root_that_the_pool_gives() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    talk.say(open_error(1, "no"));
    talk.say(opened_standard(2));
    talk.say(standard_job(1, None, 0xee));
    let said = talk.say(block(1, 0xb1));
    assert!(said[1].ends_with("mask=1fffe000 extranonce=+0"), "{said:?}");
    let job = &talk.0.jobs[0];
    assert_eq!(job.merkle_root(0), [0xee; 32]);
    // Its group gets coinbases, which are whole with the channel's prefix.
    talk.say(job_to(GROUP, 2, Some(NTIME), true, &[]));
    let job = &talk.0.jobs[1];
    assert_eq!((job.fixed_root, job.extranonce2_size), (None, 0));
    assert_eq!(hex(&job.coinbase(0)), "010000000a0bffffffff");
}

#[test]
fn a_root_on_an_extended_channel_is_skipped() {
    let mut talk = Talk::mining();
    let said = talk.say(standard_job(2, Some(NTIME), 1));
    assert_eq!(said, ["note E-POOL-JOB"]);
}

#[test]
fn jobs_with_too_much_in_them_are_skipped() {
    let mut talk = Talk::mining();
    let said = talk.say(job_to(CHANNEL, 2, Some(NTIME), true, &[1; 65]));
    assert_eq!(said, ["note E-POOL-JOB"]);
    assert!(talk.last_note().contains("branches=65"));
    let message = mining::NewExtendedMiningJob {
        channel_id: CHANNEL,
        job_id: 3,
        min_ntime: binary_sv2::Sv2Option::new(Some(NTIME)),
        version: 4,
        version_rolling_allowed: true,
        merkle_path: vec![].try_into().expect("short"),
        coinbase_tx_prefix: (&[1; 65_535][..]).try_into().expect("short"),
        coinbase_tx_suffix: (&[1; 65_535][..]).try_into().expect("short"),
    };
    let said = talk.say(frame(mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB, message));
    assert_eq!(said, ["note E-POOL-JOB"]);
    assert!(talk.last_note().contains("coinbase_bytes=131076"));
}

#[test]
fn a_block_with_an_impossible_target_ends_the_session() {
    let mut talk = Talk::mining();
    let said = talk.say(block_to(CHANNEL, 1, 0xb2, 0));
    assert_eq!(said, ["ended 02000000", "disconnect", "note E-POOL-JOB"]);
}
